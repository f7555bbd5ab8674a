"""LTCC, standard setting: 493 queries against 7,050 images; the query's person at the query's camera is removed.

Both same-clothes and other-clothes images count as right. Source: Qian et al., ACCV 2020.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, source_split="query")
    yield from gallery_images(person_images, source_split="gallery")


PROTOCOL = BenchmarkProtocol(
    title="LTCC, standard",
    source="ltcc",
    setting="cloth-changing",
    members=_members,
    junk_rule="pid_cam",
    expected={"query": 493, "gallery": 7_050, "persons": 75},
    reference={"AIM": (76.3, 41.1), "CSCI": (83.4, 47.8)},
)
