"""SYSU-MM01, all-search, single-shot: 3,803 infrared queries against one visible-light image per person and camera.

Ten galleries of 301 images, averaged. Trial t seeds Python's generator with t and draws one file of every test person
(ascending) at cameras 1, 2, 4 and 5 (in that order), as most papers since 2019 do; the first MATLAB code reads fixed
permutations instead. Cameras 2 and 3 share a room: a query of camera 3 is not ranked against any image of camera 2.
CMC counts every person once, mAP takes the whole list. Source: Wu et al., ICCV 2017; Ye et al., TPAMI 2021 (AGW).
"""

from collections.abc import Iterator

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.membership import SeededChoice, choose, image_members, query_images

_CAMERAS = ("cam1", "cam2", "cam4", "cam5")
_TRIALS = 10


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    yield from query_images(person_images, source_split="test", modality="near_infrared")
    visible = choose(person_images, role_flag="normal", source_split="test", modality="rgb", cam_raw=_CAMERAS)
    found: dict[tuple[int, str], list[str]] = {}
    for row in visible.select(["pid_raw", "cam_raw", "image_id"]).to_pylist():
        found.setdefault((int(row["pid_raw"]), row["cam_raw"]), []).append(row["image_id"])
    for trial in range(_TRIALS):
        draw = SeededChoice(trial)
        gallery = [draw.choice(sorted(found[group])) for group in sorted(found)]
        yield from image_members("gallery", gallery, trial)


PROTOCOL = BenchmarkProtocol(
    title="SYSU-MM01, all-search, single-shot",
    source="sysu_mm01",
    setting="visible-infrared",
    members=_members,
    junk_rule="place_any_id",
    cmc_variant="id_dedup",
    n_trials=_TRIALS,
    sampler="agw_seed",
    expected={"query": 3_803, "gallery": 301, "persons": 96},
    reference={"AGW": (47.50, 47.65), "DDAG": (54.75, 53.02)},
)
