"""Writing protocol members as a Prefect task: one task per version."""

from tasks.policy import as_task
from tasks.steps.protocols import protocols as work

benchmark = as_task(work)
