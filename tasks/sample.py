"""Drawing the sample as a Prefect task: one task over all raw layouts."""

from generators.sample import write_sample
from tasks.policy import as_task

sample = as_task(write_sample, "sample")
