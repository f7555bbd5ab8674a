"""Draw the sample: synthetic pedestrians in the raw layouts of real datasets."""

from collections.abc import Sequence
from pathlib import Path

from prefect import task

from generators.sample import write_sample


@task(name="draw sample", task_run_name="draw-{size}-sample")
def draw_sample(
    out: Path, size: str = "demo", seed: int = 7, sources: Sequence[str] | None = None, workers: int = 1
) -> dict[str, int]:
    """Write the sample's raw folders below `out`; returns the files drawn per source."""
    return write_sample(out, size, seed, sources, workers)
