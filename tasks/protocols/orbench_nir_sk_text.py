"""ORBench, NIR+SK+TEXT: infrared image + sketch + sentence.

Every visible-light test image is ranked, nothing is removed. The queries, and what belongs together in each, are the
dataset's own list `NIR+SK+TEXT`.
Other orders of the same kinds are other lists with other queries.
Source: Zuo et al., NeurIPS 2025 (ReID5o).
"""

from schemas.protocol import BenchmarkProtocol
from tasks.scoring.families import orbench_gallery, orbench_members

PROTOCOL = BenchmarkProtocol(
    title="ORBench, NIR+SK+TEXT",
    source="orbench",
    setting="multi-modal",
    members=orbench_gallery,
    junk_rule="none",
    expected={"persons": 400},
    reference={},
    by_default=False,
    list_name="NIR+SK+TEXT",
    members_of_list=orbench_members,
)
