"""What three steps made of one source, as the joint steps take it."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.tables import TABLES
from tasks.steps.store import StepOutput


@dataclass(frozen=True, slots=True)
class SourceParts:
    """One source: its ingest, its captions and attributes, its mined neighbours."""

    ingested: StepOutput
    described: StepOutput
    mined: StepOutput

    @property
    def source(self) -> str:
        """The source's name."""
        return str(self.ingested.facts["source"])


def read_table(step: StepOutput, name: str) -> pa.Table:
    """One table of a finished step in its schema; empty when the step made none."""
    path = step.folder / f"{name}.parquet"
    schema = TABLES[name].schema
    if not path.is_file():
        return schema.empty_table()
    return pq.read_table(path, columns=schema.names, partitioning=None).replace_schema_metadata(None)
