"""CUHK-PEDES, text to image: every human caption of a test image asks, all test images are ranked.

Right is every image of the described person, the described image among them; nothing is removed. Some images have
more than two captions, so the number of queries is counted, never assumed. The expected counts come from the
literature's own tables, not from the official file. Source: Li et al., CVPR 2017.
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import choose, gallery_images, query_captions


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    test = choose(person_images, role_flag="normal", source_split="test")
    yield from query_captions(captions, test.column("image_id").to_pylist())
    yield from gallery_images(person_images, source_split="test")


PROTOCOL = BenchmarkProtocol(
    title="CUHK-PEDES, text to image",
    source="cuhk_pedes",
    setting="text-to-image",
    members=_members,
    junk_rule="none",
    expected={"query": 6_156, "gallery": 3_074, "persons": 1_000},
    reference={"CLIP ViT-B/16, fine-tuned": (68.19, 61.12), "IRRA": (73.38, 66.13)},
)
