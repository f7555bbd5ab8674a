"""CUHK03, new protocol, boxes of a detector: 1,400 queries of 700 persons, two each, one per view.

The camera of the rule is the view (1 or 2) of the person's pair of cameras: the query's person in the query's view is
removed. The authors' code integrates AP by trapezoids; this is the step form of nearly all papers.
Source: Li et al., CVPR 2014; new protocol by Zhong et al., CVPR 2017.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, split="test", source_split="query", variant="detected")
    yield from gallery_images(person_images, split="test", source_split="gallery", variant="detected")


PROTOCOL = BenchmarkProtocol(
    title="CUHK03, new protocol, detected",
    source="cuhk03",
    setting="standard",
    members=_members,
    junk_rule="pid_cam",
    expected={"query": 1_400, "gallery": 5_332, "persons": 700},
    reference={"PCB (RPP)": (63.7, 57.5), "MGN": (66.8, 66.0)},
)
