"""How long and how hard each part of training is; docs/experiments.md tells how the numbers were found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.recipe import Train


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Stage 0: learning to see, from labels and captions. A batch is `persons` persons times `pictures` pictures."""

    steps: int = 300
    persons: int = 16
    pictures: int = 4
    rate: float = 2e-3
    temperature: float = 0.2
    attribute_weight: float = 4.0
    place_weight: float = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of fine-tuning: every batch holds each family by its share, earlier stages' families as replay."""

    steps: int
    shares: Mapping[str, float]
    batch: int = 80
    rate: float = 2e-3


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run. `stages` are by HPT stage number; families that a version lacks are left out of the mix."""

    seed: int
    vocabulary: int = 1200
    warm_up: WarmUp = field(default_factory=WarmUp)
    stages: Mapping[int, Stage] = field(default_factory=dict)


_STAGES = {
    1: Stage(220, {"ATTR_QA": 0.85, "ATTR_YN": 0.05, "CAP_SHORT": 0.1}, rate=3e-3),
    2: Stage(100, {"SAME_YN": 0.5, "I2I_PICK1": 0.15, "ATTR_QA": 0.32, "ATTR_YN": 0.03}),
    3: Stage(
        140,
        {
            "VI_YN": 0.2,
            "T2I_YN": 0.22,
            "CC_YN": 0.08,
            "T2I_PICK": 0.08,
            "SAME_YN": 0.12,
            "I2I_PICK1": 0.04,
            "ATTR_QA": 0.26,
        },
    ),
}
"""Shares inside a batch. A family that is not named here gets the mean share of its stage."""


def plan_of(settings: Train) -> Plan:
    """The plan for some settings; `effort` scales the steps of every part, never below four.

    Where the settings name shares of a stage, its batches hold those.
    """

    def steps(count: int) -> int:
        return max(4, round(count * settings.effort))

    warm_up = WarmUp(steps=steps(WarmUp().steps))
    stages = {number: _stage(steps(s.steps), s, settings.shares.get(number)) for number, s in _STAGES.items()}
    return Plan(seed=settings.seed, warm_up=warm_up, stages=stages)


def _stage(steps: int, planned: Stage, shares: Mapping[str, float] | None) -> Stage:
    return Stage(steps, shares or planned.shares, planned.batch, planned.rate)
