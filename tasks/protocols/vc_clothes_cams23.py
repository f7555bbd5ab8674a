"""VC-Clothes, same clothes by cameras: only the images of cameras 2 and 3 ask and are ranked.

Persons wear one outfit at these two cameras, so no clothes are compared; the query's
person at the query's camera is removed.
Source: Wan et al., CVPR Workshops 2020; modes as in Simple-CCReID (Gu et al., CVPR 2022).
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(
        person_images, split="test", source_split="query", cam_key=("vc_clothes:c2", "vc_clothes:c3")
    )
    yield from gallery_images(
        person_images, split="test", source_split="gallery", cam_key=("vc_clothes:c2", "vc_clothes:c3")
    )


PROTOCOL = BenchmarkProtocol(
    title="VC-Clothes, cameras 2 and 3",
    source="vc_clothes",
    setting="cloth-changing",
    members=_members,
    junk_rule="pid_cam",
    expected={},
    reference={},
)
