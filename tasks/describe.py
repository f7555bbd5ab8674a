"""Describing people as a Prefect task: one task per source."""

from tasks.policy import as_task
from tasks.steps.describe import describe as work

describe = as_task(work)
