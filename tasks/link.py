"""Linking identities as a Prefect task: one task over all sources."""

from tasks.policy import as_task
from tasks.steps.link import link as work

link = as_task(work)
