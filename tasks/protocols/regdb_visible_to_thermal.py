"""RegDB, visible to thermal, split 1: 2,060 visible images of 206 persons ask, their 2,060 thermal images are ranked.

One of the ten splits, the one that a version trains and tests on: a person tested in another split trains in this one.
Papers give the mean over ten models (`regdb_visible_to_thermal_ten_splits`). Nothing is removed.
Source: Nguyen et al., Sensors 2017; splits by Ye et al., TPAMI 2021 (AGW).
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import regdb_members


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    return regdb_members(person_images, "rgb", [1])


PROTOCOL = BenchmarkProtocol(
    title="RegDB, visible to thermal, split 1",
    source="regdb",
    setting="visible-infrared",
    members=_members,
    junk_rule="none",
    expected={"query": 2_060, "gallery": 2_060, "persons": 206},
    reference={},
)
