"""Market-1501, multi-query: the mean feature of all hand-drawn boxes of a query's person and camera asks.

The boxes are those of `gt_bbox/` with the query's person and camera, the query's own box among them; a query without
any asks alone. Gallery and removal are those of `market1501_single_query`. Source: Zheng et al., ICCV 2015.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import combinations
from tasks.scoring.membership import choose, gallery_images, query_images


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    boxes: dict[tuple[str, str], list[str]] = {}
    drawn = choose(person_images, source_split="gt_bbox").select(["person_key", "cam_key", "image_id"])
    for row in drawn.to_pylist():
        boxes.setdefault((row["person_key"], row["cam_key"]), []).append(row["image_id"])
    facts = person_images.select(["image_id", "person_key", "cam_key"]).to_pylist()
    whose = {row["image_id"]: (row["person_key"], row["cam_key"]) for row in facts}
    asked = [member.ids[0] for member in query_images(person_images, source_split="query")]
    yield from combinations("query", [sorted(boxes.get(whose[name], [name])) for name in asked])
    yield from gallery_images(person_images, source_split="gallery")


PROTOCOL = BenchmarkProtocol(
    title="Market-1501, multi-query",
    source="market1501",
    setting="standard",
    members=_members,
    junk_rule="pid_cam",
    expected={"query": 3_368, "gallery": 15_913, "persons": 750},
    reference={},
    by_default=False,
)
