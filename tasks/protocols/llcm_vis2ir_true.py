"""LLCM, visible to infrared as the words say: all 8,680 visible test images ask, drawn infrared images are ranked.

The mirror image of `llcm_ir2vis`. No published table holds this number: the reference code ranks the other way round
(`llcm_vis2ir_reference_code`). Source: Zhang and Wang, CVPR 2023 (DEEN); figures as corrected by its authors.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import drawn_members
from tasks.scoring.membership import choose, query_images

_TRIALS = 10


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", modality="rgb")
    infrared = choose(person_images, role_flag="normal", split="test", modality="near_infrared")
    yield from drawn_members("gallery", infrared, _TRIALS)


PROTOCOL = BenchmarkProtocol(
    title="LLCM, visible to infrared",
    source="llcm",
    setting="visible-infrared",
    members=_members,
    junk_rule="pid_cam",
    cmc_variant="id_dedup",
    n_trials=_TRIALS,
    sampler="agw_seed",
    expected={"query": 8_680, "persons": 351},
    reference={},
)
