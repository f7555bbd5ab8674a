"""What a benchmark protocol declares: its members, what is removed before ranking, and how scores become figures."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

# none: nothing is removed. pid_cam: same person and camera. pid_place: same person seen at the query's place.
# pid_tracklet: same person and tracklet (DeepChange).
# place_any_id: every gallery image of the query's place, whoever it shows (SYSU-MM01 cameras 2 and 3).
# pid_cam_or_clothes: same person and (same camera or same clothes), the cloth-changing rule.
# pid_cam_or_other_clothes: same person and (same camera or other clothes), the same-clothes rule.
JUNK_RULES = (
    "none",
    "pid_cam",
    "pid_place",
    "pid_tracklet",
    "place_any_id",
    "pid_cam_or_clothes",
    "pid_cam_or_other_clothes",
)
CMC_VARIANTS = ("plain", "id_dedup", "single_gallery_shot")
AP_VARIANTS = ("step", "trapezoid")
TIE_POLICIES = ("gallery_order", "random", "pessimistic", "optimistic")
EVERY_TRIAL = -1


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a protocol: an image or a caption, in a role, at a position; trial -1 belongs to every trial."""

    trial: int
    role: str
    position: int
    kind: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkProtocol:
    """One benchmark rule over one source. `members` is given the source's person_images and captions.

    `expected` holds the official query and gallery counts; `reference` the published {system: (Rank-1, mAP)} in %.
    A protocol that is not `by_default` is evaluated only when it is asked for by name. When the source's ingest read
    the dataset's list `list_name` (facts["lists"]), `members_of_list` is given person_images and that list instead.
    """

    title: str
    source: str
    setting: str
    members: Callable[[pa.Table, pa.Table], Iterator[Member]]
    junk_rule: str
    cmc_variant: str = "plain"
    ap_variant: str = "step"
    ap_topk: int | None = None
    tie_policy: str = "gallery_order"
    n_trials: int = 1
    sampler: str | None = None
    seed: int | None = None
    expected: Mapping[str, int]
    reference: Mapping[str, tuple[float, float]]
    by_default: bool = True
    list_name: str | None = None
    members_of_list: Callable[[pa.Table, Any], Iterator[Member]] | None = None
