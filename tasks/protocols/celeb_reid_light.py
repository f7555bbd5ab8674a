"""Celeb-reID-light: 887 queries of 100 persons against 934 images, nobody twice in the same clothes.

Nothing is removed, for the dataset has no cameras. Source: Huang et al., IJCNN 2019.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", source_split="query")
    yield from gallery_images(person_images, split="test", source_split="gallery")


PROTOCOL = BenchmarkProtocol(
    title="Celeb-reID-light",
    source="celeb_reid_light",
    setting="cloth-changing",
    members=_members,
    junk_rule="none",
    expected={"query": 887, "gallery": 934, "persons": 100},
    reference={},
)
