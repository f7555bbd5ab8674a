"""Exporting a stage for a trainer as a Prefect task: one task per stage."""

from tasks.policy import as_task
from tasks.steps.export import export as work

export = as_task(work)
