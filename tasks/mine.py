"""Mining neighbours as a Prefect task: one task per source."""

from tasks.policy import as_task
from tasks.steps.mine import mine as work

mine = as_task(work)
