"""Composing conversations as a Prefect task: one task per question family."""

from tasks.policy import as_task
from tasks.steps.compose import compose as work

compose = as_task(work)
