"""Writing protocol members as a Prefect task: one task per version."""

from tasks.policy import as_task
from tasks.steps.benchmark import benchmark as work

benchmark = as_task(work)
