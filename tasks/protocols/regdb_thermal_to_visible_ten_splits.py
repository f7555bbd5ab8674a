"""RegDB, thermal to visible, all ten splits: trial t ranks with the model that was trained on split t + 1.

Every split has its own 206 test persons, so one model cannot serve two of them, and a version that trains on split 1
holds these members only when they are asked for by name: its training persons are tested in other splits. Score files
have a row of trials. Nothing is removed. Source: Nguyen et al., Sensors 2017; splits by Ye et al., TPAMI 2021 (AGW).
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import regdb_members

_SPLITS = range(1, 11)


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    return regdb_members(person_images, "thermal", _SPLITS)


PROTOCOL = BenchmarkProtocol(
    title="RegDB, thermal to visible, ten splits",
    source="regdb",
    setting="visible-infrared",
    members=_members,
    junk_rule="none",
    n_trials=len(_SPLITS),
    sampler="official_splits",
    expected={"query": 2_060, "gallery": 2_060, "persons": 206},
    reference={},
    by_default=False,
)
