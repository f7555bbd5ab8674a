"""RSTPReid, text to image: 2,000 captions of 200 persons against their 1,000 images.

Source: Zhu et al., ACM Multimedia 2021 (DSSL).
"""

from schemas.protocol import BenchmarkProtocol
from tasks.scoring.families import search_by_text

PROTOCOL = BenchmarkProtocol(
    title="RSTPReid, text to image",
    source="rstpreid",
    setting="text-to-image",
    members=search_by_text,
    junk_rule="none",
    expected={"query": 2_000, "gallery": 1_000, "persons": 200},
    reference={"CLIP ViT-B/16, fine-tuned": (54.05, 43.41), "IRRA": (60.20, 47.17)},
)
