"""Publishing as a Prefect task: one task per version."""

from tasks.policy import as_task
from tasks.steps.publish import publish as work

publish = as_task(work)
