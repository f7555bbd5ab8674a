"""UFine6926, text to image: 15,258 long captions of 2,000 persons against their 7,629 images.

The authors' similarity-distribution score (mSD) is not given: the public calculator pairs an unsorted score matrix with
a ranked list of matches. Counts of the split are only reported. Source: Zuo et al., CVPR 2024.
"""

from schemas.protocol import BenchmarkProtocol
from tasks.scoring.families import search_by_text

PROTOCOL = BenchmarkProtocol(
    title="UFine6926, text to image",
    source="ufine6926",
    setting="text-to-image",
    members=search_by_text,
    junk_rule="none",
    expected={"query": 15_258, "gallery": 7_629, "persons": 2_000},
    reference={},
)
