"""ICFG-PEDES, text to image: 19,848 captions, one per test image, against the same 19,848 images.

The list decides who is tested; the folders `train` and `test` are MSMT17's own halves and mean nothing here. A caption
is answered by every image of its person, about twenty. Source: Ding et al., arXiv 2021 (SSAN).
"""

from schemas.protocol import BenchmarkProtocol
from tasks.scoring.families import search_by_text

PROTOCOL = BenchmarkProtocol(
    title="ICFG-PEDES, text to image",
    source="icfg_pedes",
    setting="text-to-image",
    members=search_by_text,
    junk_rule="none",
    expected={"query": 19_848, "gallery": 19_848, "persons": 1_000},
    reference={
        "CLIP ViT-B/16, fine-tuned": (56.74, 31.84),
        "IRRA": (63.46, 38.05),
    },
)
