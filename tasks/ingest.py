"""Ingest as a Prefect task: one task per source."""

from tasks.policy import as_task
from tasks.steps.ingest import ingest as work

ingest = as_task(work)
