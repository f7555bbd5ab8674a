"""PRCC, same clothes, single shot: camera B asks, one image of every person at camera A is ranked; ten draws.

This is the paper's protocol. Its draws were never published; ours come from one stream seeded with 3 (as in
Simple-CCReID, which draws ten such galleries and then ranks the full one), persons in ascending order, files in name
order. With one right image per gallery, mAP says little more than CMC. Source: Yang et al., TPAMI 2021.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import one_image_per_person
from tasks.scoring.membership import choose, query_images

_TRIALS, _SEED = 10, 3


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", modality="rgb", cam_raw="B")
    shown = choose(person_images, role_flag="normal", split="test", modality="rgb", cam_raw="A")
    yield from one_image_per_person(shown, _TRIALS, _SEED)


PROTOCOL = BenchmarkProtocol(
    title="PRCC, same clothes, single shot",
    source="prcc",
    setting="cloth-changing",
    members=_members,
    junk_rule="none",
    n_trials=_TRIALS,
    sampler="one_per_person",
    seed=_SEED,
    expected={"query": 3_543, "gallery": 71, "persons": 71},
    reference={},
)
