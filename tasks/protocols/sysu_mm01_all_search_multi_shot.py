"""SYSU-MM01, all-search, multi-shot: 3,803 infrared queries against ten visible-light images per person and camera.

Ten galleries of 3,010 images from cameras 1, 2, 4 and 5, averaged. Trial t seeds Python's generator with t and
draws ten files of every test person at every camera by `random.sample`: no published code fixes how, for those that
seed per trial draw single shots.
The rest is as in `sysu_mm01_all_search_single_shot`.
Source: Wu et al., ICCV 2017; Ye et al., TPAMI 2021 (AGW).
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import drawn_members
from tasks.scoring.membership import choose, query_images

_CAMERAS = ("cam1", "cam2", "cam4", "cam5")
_TRIALS = 10


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, source_split="test", modality="near_infrared")
    visible = choose(person_images, role_flag="normal", source_split="test", modality="rgb", cam_raw=_CAMERAS)
    yield from drawn_members("gallery", visible, _TRIALS, take=10)


PROTOCOL = BenchmarkProtocol(
    title="SYSU-MM01, all-search, multi-shot",
    source="sysu_mm01",
    setting="visible-infrared",
    members=_members,
    junk_rule="place_any_id",
    cmc_variant="id_dedup",
    n_trials=_TRIALS,
    sampler="agw_seed",
    expected={"query": 3_803, "gallery": 3_010, "persons": 96},
    reference={},
    by_default=False,
)
