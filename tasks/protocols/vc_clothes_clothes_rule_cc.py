"""VC-Clothes, all cameras, cloth-changing by the clothes rule: only other clothes at other cameras count as right.

This is not the number that papers call "CC" when they keep cameras 3 and 4 (`vc_clothes_cams34`).
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
    title="VC-Clothes, clothes rule, cloth-changing",
    source="vc_clothes",
    setting="cloth-changing",
    members=_members,
    junk_rule="pid_cam_or_clothes",
    expected={"query": 1_020, "gallery": 8_591, "persons": 256},
    reference={},
)
