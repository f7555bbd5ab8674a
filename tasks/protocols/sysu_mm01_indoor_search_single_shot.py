"""SYSU-MM01, indoor-search, single-shot: 3,803 infrared queries against one visible-light image per person and camera.

Ten galleries of 112 images from the indoor cameras 1 and 2, averaged. Trial t seeds Python's generator with t and
draws one file of every test person at every camera.
The rest is as in `sysu_mm01_all_search_single_shot`.
1,595 of the queries show persons whom these cameras never saw, or in the query's own room only; 2,208 are valid.
Source: Wu et al., ICCV 2017; Ye et al., TPAMI 2021 (AGW).
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import drawn_members
from tasks.scoring.membership import choose, query_images

_CAMERAS = ("cam1", "cam2")
_TRIALS = 10


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, source_split="test", modality="near_infrared")
    visible = choose(person_images, role_flag="normal", source_split="test", modality="rgb", cam_raw=_CAMERAS)
    yield from drawn_members("gallery", visible, _TRIALS)


PROTOCOL = BenchmarkProtocol(
    title="SYSU-MM01, indoor-search, single-shot",
    source="sysu_mm01",
    setting="visible-infrared",
    members=_members,
    junk_rule="place_any_id",
    cmc_variant="id_dedup",
    n_trials=_TRIALS,
    sampler="agw_seed",
    expected={"query": 3_803, "gallery": 112, "persons": 96},
    reference={"AGW": (54.17, 62.97), "DDAG": (61.02, 67.98)},
    by_default=False,
)
