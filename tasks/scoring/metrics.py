"""CMC, mAP and mINP, exactly: what a matrix of scores is worth under a benchmark's rules.

    rules = Rules(junk_rule="pid_cam")
    found = evaluate_scores(lambda start, stop: queries[start:stop] @ gallery.T, who_asks, who_is_there, rules)
    found.cmc[0], found.mAP, found.mINP, found.n_valid

Higher scores rank first. Queries are taken in blocks, so memory does not grow with queries times gallery. With `r_i`
the rank of the i-th of n right images after junk is removed: AP (step) is the mean of i / r_i, AP (trapezoid) the mean
of ((i - 1) / (r_i - 1) + i / r_i) / 2 with a first fraction of 1 at rank 1, INP is n / r_n.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.errors import BadScores, WrongUse
from schemas.keys import mix, order, seed_of
from schemas.protocol import AP_VARIANTS, CMC_VARIANTS, JUNK_RULES, TIE_POLICIES, BenchmarkProtocol
from tasks.scoring.members import Ints, Members
from tasks.scoring.removal import Removal

Floats = npt.NDArray[np.float64]
Blocks = Callable[[int, int], npt.NDArray[np.floating]]
"""The scores of the queries from `start` up to `stop` against the whole gallery."""

N_RANKS = 50
DENOMINATORS = ("valid", "all")
_VARIANT = {"gallery_order": 0, "random": 0, "pessimistic": 1, "optimistic": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How scores become figures. `ap_topk` takes AP over the right images among the first k raw ranks only, as
    Instruct-ReID does; `denominator` "all" counts a query that has nothing to find as 0, as the first MATLAB code does.

    `n_draws` and `seed` are for `single_gallery_shot`; `seed` also shuffles ties under the policy `random`.
    """

    junk_rule: str = "pid_cam"
    cmc_variant: str = "plain"
    ap_variant: str = "step"
    ap_topk: int | None = None
    tie_policy: str = "gallery_order"
    denominator: str = "valid"
    seed: int = 0
    n_draws: int = 10

    def __post_init__(self) -> None:
        known = {
            "junk_rule": JUNK_RULES,
            "cmc_variant": CMC_VARIANTS,
            "ap_variant": AP_VARIANTS,
            "tie_policy": TIE_POLICIES,
            "denominator": DENOMINATORS,
        }
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise WrongUse(f"There is no {name} {getattr(self, name)!r}. Known: {', '.join(values)}.")

    @classmethod
    def of(cls, protocol: BenchmarkProtocol) -> "Rules":
        """The rules of a declared protocol."""
        return cls(
            junk_rule=protocol.junk_rule,
            cmc_variant=protocol.cmc_variant,
            ap_variant=protocol.ap_variant,
            ap_topk=protocol.ap_topk,
            tie_policy=protocol.tie_policy,
            seed=protocol.seed or 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Per-query figures under one tie variant: NaN (or rank 0) where a query has nothing to find.

    `first` is the rank of the first right image, (queries, draws); there is one draw unless the CMC draws galleries.
    """

    ap: Floats
    inp: Floats
    first: Ints

    def hit(self, rank: int) -> Floats:
        """Per query, the share of draws with a right image at `rank` or better."""
        hits = ((self.first > 0) & (self.first <= rank)).mean(axis=1)
        return np.where(np.isnan(self.ap), np.nan, hits)

    def of(self, metric: str) -> Floats:
        """Per query, the values whose mean is `mAP`, `mINP` or `rank-<k>`."""
        if metric in ("mAP", "mINP"):
            return self.ap if metric == "mAP" else self.inp
        return self.hit(int(metric.removeprefix("rank-")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The figures of one ranking. `cmc[k - 1]` is CMC at rank k; NaN when no query has anything to find.

    `n_valid` counts queries with a right image, `n_tied` those that ties with wrong images could move. Only then does
    `bounds` hold, per metric, the figure with every tie lost and with every tie won. (Under `ap_topk` these are the
    two extreme orders, which need not be the extreme values.)
    """

    cmc: Floats
    mAP: float
    mINP: float
    n_query: int
    n_valid: int
    n_gallery: int
    n_tied: int
    per_query: Figures
    bounds: dict[str, tuple[float, float]] | None
    denominator: str

    def value(self, metric: str) -> float:
        """One figure by name: `mAP`, `mINP` or `rank-<k>`."""
        return _mean(self.per_query.of(metric), self.denominator)


def evaluate_scores(
    scores: npt.NDArray[np.floating] | Blocks, query: Members, gallery: Members, rules: Rules, block: int = 512
) -> Metrics:
    """The figures of a score matrix (queries, gallery), given whole or by a callable in blocks of queries.

    Raises BadScores for another shape and for values that are not finite.
    """
    blocks = (lambda start, stop: scores[start:stop]) if isinstance(scores, np.ndarray) else scores
    if isinstance(scores, np.ndarray) and scores.shape != (len(query), len(gallery)):
        raise BadScores(_shape_message(scores.shape, (len(query), len(gallery))))
    ranking = Ranking(query, gallery, rules)
    parts = [ranking.rank(blocks, start, stop) for start, stop in _spans(len(query), block)]
    variants = [_join([part[variant] for part in parts]) for variant in range(3)]
    return _metrics(variants, len(gallery), rules)


def _spans(total: int, block: int) -> Iterator[tuple[int, int]]:
    for start in range(0, total, block):
        yield start, min(start + block, total)


def _shape_message(found: tuple[int, ...], wanted: tuple[int, int]) -> str:
    return (
        f"The scores have the shape {found}, but {wanted[0]} queries by {wanted[1]} gallery members need {wanted}: "
        "one row per query and one column per gallery member, both in protocol order."
    )


def checked(scores: npt.NDArray[np.floating], start: int, n_query: int, n_gallery: int) -> npt.NDArray[np.floating]:
    """A block of scores as a contiguous float array. Raises BadScores for another shape and for NaN or infinities."""
    block = np.asarray(scores)
    if block.shape != (n_query, n_gallery):
        raise BadScores(_shape_message(block.shape, (n_query, n_gallery)))
    if block.dtype.kind not in "fiub":
        raise BadScores(f"The scores are of type {str(block.dtype)!r}; give real numbers, best as float32.")
    if block.dtype not in (np.float32, np.float64):
        block = block.astype(np.float32 if block.dtype == np.float16 else np.float64)
    if block.size and not (np.isfinite(block.min()) and np.isfinite(block.max())):
        row, column = np.argwhere(~np.isfinite(block))[0]
        raise BadScores(
            f"The score of query {start + int(row)} and gallery member {int(column)} is {float(block[row, column])!r}: "
            "every score must be a finite number, so score that pair or give it the lowest score on purpose."
        )
    return np.require(block, requirements=["C", "W"])  # a read-only block would have the kernels compiled once more


class Ranking:
    """One benchmark's members and rules, made ready to rank blocks of scores."""

    def __init__(self, query: Members, gallery: Members, rules: Rules) -> None:
        self.query, self.gallery, self.rules = query, gallery, rules
        self.tie_order = _tie_order(len(gallery), rules)
        self.removal = Removal(rules.junk_rule, query, gallery, self.tie_order)
        persons = np.unique(gallery.person[gallery.person >= 0])
        self.person = np.where(gallery.person < 0, gallery.person, np.searchsorted(persons, gallery.person))

    def rank(self, blocks: Blocks, start: int, stop: int) -> list[Figures]:
        """The figures of the queries from `start` up to `stop`: ties as given, all lost, all won."""
        asking = self.query.part(start, stop)
        scores = checked(blocks(start, stop), start, stop - start, len(self.gallery))
        pairs, group = self.removal.pairs(asking), self.removal.group_of(asking)
        right, best = pairs.right(scores)
        common = (scores, self.removal.base, group, (*pairs.gone, *right))
        ranks, raws = self._ranks(common, best)
        firsts = self._firsts(common, best, ranks, start)
        return [_figures(pairs.n_right, ranks[v], raws[v], firsts[v], self.rules) for v in range(3)]

    def _ranks(self, common: "_Common", best: npt.NDArray[np.floating]) -> tuple[Ints, Ints]:
        from tasks.scoring.kernel import count_ranks

        ranks, raws = np.zeros((2, 3, len(best)), dtype=np.int64)
        count_ranks(*common, best, self.tie_order, self.rules.ap_topk is not None, ranks, raws)
        return ranks, raws

    def _firsts(self, common: "_Common", best: npt.NDArray[np.floating], ranks: Ints, start: int) -> Ints:
        """The first hits, (3, queries, draws), by the rule's kind of CMC."""
        from tasks.scoring.kernel import count_draws, count_persons

        right_start, n_query = common[3][2], len(common[0])
        drawing = self.rules.cmc_variant == "single_gallery_shot"
        first = np.zeros((3, n_query, self.rules.n_draws if drawing else 1), dtype=np.int64)
        if drawing:
            rows = np.arange(start, start + n_query, dtype=np.uint64)
            words = mix(seed_of("single_gallery_shot", self.rules.seed), rows)
            count_draws(*common, self.tie_order, self.person, words, first)
        elif self.rules.cmc_variant == "id_dedup":
            count_persons(*common, best, self.tie_order, self.person, first[:, :, 0])
        else:
            some = np.diff(right_start) > 0
            first[:, some, 0] = ranks[:, right_start[:-1][some]]
        return first


_Common = tuple[npt.NDArray[np.floating], npt.NDArray[np.uint8], Ints, tuple[Ints, Ints, Ints, Ints]]
"""Scores, marks by group, each query's group, and the removed and right images of each query with their offsets."""


def _tie_order(n_gallery: int, rules: Rules) -> Ints:
    """The place of each gallery member among equal scores."""
    place = np.arange(n_gallery, dtype=np.int64)
    if rules.tie_policy == "random":
        place[order(mix(seed_of("ties", rules.seed), place.astype(np.uint64)))] = np.arange(n_gallery)
    return place


def _figures(n_right: Ints, ranks: Ints, raws: Ints, first: Ints, rules: Rules) -> Figures:
    """Figures of a block from the ranks of the right images, which stand query after query, best first."""
    n_query, owner = len(n_right), np.repeat(np.arange(len(n_right)), n_right)
    place = np.arange(len(ranks)) - np.repeat(np.cumsum(n_right) - n_right, n_right) + 1
    counted = np.ones(len(ranks), dtype=bool) if rules.ap_topk is None else raws <= rules.ap_topk
    precision = place / ranks
    if rules.ap_variant == "trapezoid":
        before = np.where(ranks > 1, (place - 1) / np.maximum(ranks - 1, 1), 1.0)
        precision = (before + precision) / 2
    hits = np.bincount(owner[counted], minlength=n_query)
    gained = np.bincount(owner[counted], weights=precision[counted], minlength=n_query)
    last = np.zeros(n_query)
    last[n_right > 0] = ranks[(np.cumsum(n_right) - 1)[n_right > 0]]
    nothing = n_right == 0
    ap = np.where(nothing, np.nan, gained / np.maximum(hits, 1))
    inp = np.where(nothing, np.nan, n_right / np.maximum(last, 1))
    return Figures(ap=ap, inp=inp, first=first)


def _join(parts: list[Figures]) -> Figures:
    if not parts:
        return Figures(ap=np.zeros(0), inp=np.zeros(0), first=np.zeros((0, 1), dtype=np.int64))
    return Figures(
        ap=np.concatenate([part.ap for part in parts]),
        inp=np.concatenate([part.inp for part in parts]),
        first=np.concatenate([part.first for part in parts]),
    )


def _mean(values: Floats, denominator: str) -> float:
    """The mean over valid queries, or over all of them with 0 for the rest; NaN when there is none."""
    valid = values[~np.isnan(values)]
    total = len(values) if denominator == "all" else len(valid)
    return float(valid.sum() / total) if len(valid) else float("nan")


def _metrics(variants: list[Figures], n_gallery: int, rules: Rules) -> Metrics:
    chosen, lost, won = variants[_VARIANT[rules.tie_policy]], variants[1], variants[2]
    moved = (lost.ap != won.ap) | (lost.inp != won.inp) | (lost.first != won.first).any(axis=1)
    valid = ~np.isnan(chosen.ap)
    names = ["mAP", "mINP", "rank-1", "rank-5", "rank-10"]
    denominator = rules.denominator
    bounds = {name: (_mean(lost.of(name), denominator), _mean(won.of(name), denominator)) for name in names}
    n_tied = int((moved & valid).sum())
    return Metrics(
        cmc=np.array([_mean(chosen.hit(rank), denominator) for rank in range(1, N_RANKS + 1)]),
        mAP=_mean(chosen.ap, denominator),
        mINP=_mean(chosen.inp, denominator),
        n_query=len(valid),
        n_valid=int(valid.sum()),
        n_gallery=n_gallery,
        n_tied=n_tied,
        per_query=chosen,
        bounds=bounds if n_tied else None,
        denominator=denominator,
    )
