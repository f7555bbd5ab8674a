"""Training as a Prefect task: one task per run of the three stages."""

from tasks.policy import as_task
from tasks.steps.train import train as work

train = as_task(work)
