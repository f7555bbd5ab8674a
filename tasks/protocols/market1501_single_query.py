"""Market-1501, single query: 3,368 hand-drawn boxes against 15,913 boxes of a detector, distractors among them.

Junk boxes (person -1) are no members; the query's own person at the query's own camera is removed before ranking.
Source: Zheng et al., ICCV 2015; the step AP is that of nearly all papers since 2018 (the first code integrates by
trapezoids).
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, source_split="query")
    yield from gallery_images(person_images, source_split="gallery")


PROTOCOL = BenchmarkProtocol(
    title="Market-1501, single query",
    source="market1501",
    setting="standard",
    members=_members,
    junk_rule="pid_cam",
    expected={"query": 3_368, "gallery": 15_913, "persons": 750},
    reference={
        "ResNet-50 (torchreid)": (87.9, 70.4),
        "OSNet x1.0": (94.2, 82.6),
        "BoT ResNet-50": (94.4, 86.1),
        "AGW ResNet-50": (95.3, 88.2),
        "SBS ResNet-101-ibn": (96.3, 90.3),
        "TransReID ViT": (95.1, 89.0),
        "SOLIDER Swin-B": (96.9, 93.9),
    },
)
