"""Pulling as a Prefect task: one task per version."""

from tasks.policy import as_task
from tasks.steps.pull import pull as work

pull = as_task(work)
