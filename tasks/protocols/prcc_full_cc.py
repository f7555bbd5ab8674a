"""PRCC, cloth-changing, full gallery: camera C asks, every image of camera A is ranked.

Nothing is removed: query and gallery never share a camera. This is what Simple-CCReID and most recent papers with an
mAP measure; the paper draws single-shot galleries instead (`prcc_single_shot_cc`).

Source: Yang et al., TPAMI 2021;
full gallery as in Simple-CCReID (Gu et al., CVPR 2022).
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", modality="rgb", cam_raw="C")
    yield from gallery_images(person_images, split="test", modality="rgb", cam_raw="A")


PROTOCOL = BenchmarkProtocol(
    title="PRCC, cloth-changing, full gallery",
    source="prcc",
    setting="cloth-changing",
    members=_members,
    junk_rule="none",
    expected={"query": 3_873, "gallery": 3_384, "persons": 71},
    reference={"AIM": (57.9, 58.3), "CSCI": (66.8, 62.9)},
)
