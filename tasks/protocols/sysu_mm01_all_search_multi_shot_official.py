"""SYSU-MM01, all-search, multi-shot, by the official permutations instead of draws.

Everything else is as in `sysu_mm01_all_search_multi_shot`. Trial t takes the first ten places of row t of
`rand_perm_cam.mat` for every test person and camera: 1-based places among the images in name order, as the dataset's
own MATLAB code reads them. Without that file there is no gallery.
Source: Wu et al., ICCV 2017.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import permuted_members
from tasks.scoring.membership import choose, query_images

_CAMERAS = ("cam1", "cam2", "cam4", "cam5")
_TRIALS = 10


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    return query_images(person_images, source_split="test", modality="near_infrared")


def _members_of_list(person_images: pa.Table, permutations: Any) -> Iterator[Member]:
    yield from query_images(person_images, source_split="test", modality="near_infrared")
    visible = choose(person_images, role_flag="normal", source_split="test", modality="rgb", cam_raw=_CAMERAS)
    yield from permuted_members(visible, permutations, _TRIALS, take=10)


PROTOCOL = BenchmarkProtocol(
    title="SYSU-MM01, all-search, multi-shot, official permutations",
    source="sysu_mm01",
    setting="visible-infrared",
    members=_members,
    junk_rule="place_any_id",
    cmc_variant="id_dedup",
    n_trials=_TRIALS,
    sampler="official_perm",
    expected={"query": 3_803, "gallery": 3_010, "persons": 96},
    reference={},
    by_default=False,
    list_name="rand_perm_cam",
    members_of_list=_members_of_list,
)
