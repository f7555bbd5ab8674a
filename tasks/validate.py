"""Contracts and gates as a Prefect task: one task per staged version."""

from tasks.policy import as_task
from tasks.steps.validate import validate as work

validate = as_task(work)
