"""LLCM, the published column "VIS to IR": drawn infrared images ask, all 8,680 visible test images are ranked.

The reference code draws one infrared image per person and camera, then transposes the matrix, so the draw becomes the
query; hence the high Rank-1 beside a low mAP. Which column is which is inferred, the authors' page does not name them.
Source: Zhang and Wang, CVPR 2023 (DEEN); figures as corrected by its authors.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import drawn_members
from tasks.scoring.membership import choose, gallery_images

_TRIALS = 10


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    infrared = choose(person_images, role_flag="normal", split="test", modality="near_infrared")
    yield from drawn_members("query", infrared, _TRIALS)
    yield from gallery_images(person_images, split="test", modality="rgb")


PROTOCOL = BenchmarkProtocol(
    title="LLCM, visible to infrared (reference code)",
    source="llcm",
    setting="visible-infrared",
    members=_members,
    junk_rule="pid_cam",
    cmc_variant="id_dedup",
    n_trials=_TRIALS,
    sampler="agw_seed",
    expected={"gallery": 8_680, "persons": 351},
    reference={"AGW": (63.72, 47.21), "DEEN": (69.21, 55.52)},
)
