"""VC-Clothes, all cameras, same clothes by the clothes rule: only the same clothes at other cameras count as right.

This is not the number that papers call "SC" when they keep cameras 2 and 3 (`vc_clothes_cams23`).
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
    title="VC-Clothes, clothes rule, same clothes",
    source="vc_clothes",
    setting="cloth-changing",
    members=_members,
    junk_rule="pid_cam_or_other_clothes",
    expected={"query": 1_020, "gallery": 8_591, "persons": 256},
    reference={},
)
