"""LTCC, cloth-changing setting: the members of `ltcc_standard`, but only other clothes count as right.

Removed before ranking is the query's person at the query's camera or in the query's clothes. One early paper joins
the two by "and", an easier rule that is not this one. Queries of persons in one outfit have nothing to find; they are
counted and left out. Source: Qian et al., ACCV 2020.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, source_split="query")
    yield from gallery_images(person_images, source_split="gallery")


PROTOCOL = BenchmarkProtocol(
    title="LTCC, cloth-changing",
    source="ltcc",
    setting="cloth-changing",
    members=_members,
    junk_rule="pid_cam_or_clothes",
    expected={"query": 493, "gallery": 7_050, "persons": 75},
    reference={"AIM": (40.6, 19.1), "CSCI": (48.2, 24.4)},
)
