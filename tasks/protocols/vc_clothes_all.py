"""VC-Clothes, all cameras: 1,020 queries against 8,591 images, other and same clothes both count as right.

Source: Wan et al., CVPR Workshops 2020; modes as in Simple-CCReID (Gu et al., CVPR 2022).
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", source_split="query")
    yield from gallery_images(person_images, split="test", source_split="gallery")


PROTOCOL = BenchmarkProtocol(
    title="VC-Clothes, all cameras",
    source="vc_clothes",
    setting="cloth-changing",
    members=_members,
    junk_rule="pid_cam",
    expected={"query": 1_020, "gallery": 8_591, "persons": 256},
    reference={},
)
