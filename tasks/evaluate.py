"""Evaluation as a Prefect task: one task per checkpoint."""

from tasks.policy import as_task
from tasks.steps.evaluate import evaluate as work

evaluate = as_task(work)
