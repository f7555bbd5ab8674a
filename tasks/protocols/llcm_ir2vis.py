"""LLCM, infrared to visible: all 7,166 infrared test images ask, one visible image per person and camera is ranked.

Ten galleries, drawn by Python's generator seeded with the trial. The query's person at the query's camera is removed,
CMC counts every person once. Source: Zhang and Wang, CVPR 2023 (DEEN); figures as corrected by its authors.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import drawn_members
from tasks.scoring.membership import choose, query_images

_TRIALS = 10


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", modality="near_infrared")
    visible = choose(person_images, role_flag="normal", split="test", modality="rgb")
    yield from drawn_members("gallery", visible, _TRIALS)


PROTOCOL = BenchmarkProtocol(
    title="LLCM, infrared to visible",
    source="llcm",
    setting="visible-infrared",
    members=_members,
    junk_rule="pid_cam",
    cmc_variant="id_dedup",
    n_trials=_TRIALS,
    sampler="agw_seed",
    expected={"query": 7_166, "persons": 351},
    reference={"AGW": (49.13, 55.80), "DEEN": (55.52, 62.07)},
)
