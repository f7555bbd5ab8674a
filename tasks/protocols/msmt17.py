"""MSMT17, single query: 11,659 images against 82,161; the query's person at the query's camera is removed.

Persons are numbered anew in the test half, so a query is never a training person. Neither junk nor distractors exist.
The two releases (V2 has blurred faces) share names and counts. Source: Wei et al., CVPR 2018.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", source_split="query")
    yield from gallery_images(person_images, split="test", source_split="gallery")


PROTOCOL = BenchmarkProtocol(
    title="MSMT17",
    source="msmt17",
    setting="standard",
    members=_members,
    junk_rule="pid_cam",
    expected={"query": 11_659, "gallery": 82_161, "persons": 3_060},
    reference={
        "BoT ResNet-50": (74.1, 50.2),
        "AGW ResNet-50": (78.3, 55.6),
        "SBS ResNet-101-ibn": (84.8, 62.8),
        "OSNet x1.0": (74.9, 43.8),
        "TransReID ViT": (85.3, 67.8),
        "SOLIDER Swin-B": (90.7, 77.1),
    },
)
