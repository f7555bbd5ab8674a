"""Celeb-reID: 2,972 queries against 11,006 images; nothing is removed, for the dataset has no cameras.

A reader that gives every image one constant camera would lose every right image to the camera rule: unknown cameras
equal nothing here. Source: Huang et al., IJCNN 2019.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", source_split="query")
    yield from gallery_images(person_images, split="test", source_split="gallery")


PROTOCOL = BenchmarkProtocol(
    title="Celeb-reID",
    source="celeb_reid",
    setting="cloth-changing",
    members=_members,
    junk_rule="none",
    expected={"query": 2_972, "gallery": 11_006, "persons": 420},
    reference={},
)
