"""CUHK03, classic protocol, boxes drawn by hand: twenty test sets of 100 persons, one image of every person is ranked.

All images of the 100 persons ask and are ranked; the query's person in the query's view is removed, and CMC draws one
of the remaining images of every person, ten times per query (torchreid). The test sets are the `testsets` of
`cuhk-03.mat`; without that file there are no members. An mAP over the whole list is given too; no paper compares it.
Every set was meant for a model of its own that trains on the other 1,367 persons, so a version holds these members only
when they are asked for by name. Source: Li et al., CVPR 2014.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from schemas.protocol import BenchmarkProtocol, Member
from tasks.scoring.families import classic_trials


def _members(person_images: pa.Table, captions: pa.Table) -> Iterator[Member]:
    return iter(())


def _members_of_list(person_images: pa.Table, sets: Any) -> Iterator[Member]:
    return classic_trials(person_images, "labeled", sets)


PROTOCOL = BenchmarkProtocol(
    title="CUHK03, classic protocol, labeled",
    source="cuhk03",
    setting="standard",
    members=_members,
    junk_rule="pid_cam",
    cmc_variant="single_gallery_shot",
    n_trials=20,
    sampler="official_splits",
    expected={"persons": 100},
    reference={},
    by_default=False,
    list_name="testsets",
    members_of_list=_members_of_list,
)
