"""DeepChange, test half: the query's own tracklet is removed, other tracklets of the same camera stay.

Simple-CCReID gets there by putting the tracklet's number in the camera's place. The counts are from memory of the
paper and only reported. Source: Xu and Zhu, ICCV 2023.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", source_split="query")
    yield from gallery_images(person_images, split="test", source_split="gallery")


PROTOCOL = BenchmarkProtocol(
    title="DeepChange",
    source="deepchange",
    setting="cloth-changing",
    members=_members,
    junk_rule="pid_tracklet",
    expected={"query": 17_527, "gallery": 62_956, "persons": 521},
    reference={},
)
