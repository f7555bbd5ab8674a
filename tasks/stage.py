"""Staging a version folder as a Prefect task: one task per version."""

from tasks.policy import as_task
from tasks.steps.stage import stage as work

stage = as_task(work)
