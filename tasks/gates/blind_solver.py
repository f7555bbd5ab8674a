"""A classifier that sees everything but pixels must not beat chance on persons it has not met.

Per family, logistic models on the words of the prompt, on metadata and on the look of lettered options are fitted on
train rows and tried on held-out identities. A family fails when its accuracy exceeds the baseline by more than the
margin and the sampling error, where rows of one person count as one observation. The baseline is the most frequent
answer; for picks it is a blind draw among the options, or None where that is likelier: a preferred place is a shortcut.
Sets, ranks and partitions are judged by their likeliest parts (tasks.checking.open_answers), free answers by what they
state and by the nearest prompt (tasks.checking.stated), parts that are rated by the likeliest wrong one
(tasks.checking.rated). Not judged are rows of texts alone, and families whose prompt holds the answer by design (the
contract names them).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blind import COLUMNS, Blind, answers_as_codes, asked_as_codes, candidate_features, row_features
from tasks.checking.blocks import Block
from tasks.checking.folding import OverBlocks
from tasks.checking.guessing import Tried, Tries, guessed, picked
from tasks.checking.lettered import option_features
from tasks.checking.memory import Memory
from tasks.checking.open_answers import partition_tries, rank_tries, set_tries
from tasks.checking.rated import rated_tries
from tasks.checking.sampling import ASIDE, TEST, TRAIN, Cell, Drawn, drawn, sampled, together
from tasks.checking.stated import nearest_tries, stated_tries
from tasks.checking.statistics import clustered_error
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Parameters = Mapping[str, Any]
_WAYS = {kind: kind for kind in ("yesno", "attr", "pick1", "set", "rank", "partition")}
_PARTS = {"set": set_tries, "rank": rank_tries, "partition": partition_tries}


@dataclass(frozen=True)
class _Solver:
    """Fit and try one blind model per family, on at most `max_train_rows` and `max_held_rows` drawn by sample_id."""

    staged: Memory
    parameters: Parameters

    def seen(self, block: Block) -> dict[Cell, Drawn]:
        """The rows of a block that may be drawn."""
        return drawn(block, _WAYS, self._most, self.parameters["seed"])

    def verdict(self, seen: Sequence[Mapping[Cell, Drawn]]) -> Verdict:
        told = self.parameters["told_by_prompt"]
        cells = sorted({cell[:2] for one in seen for cell in one if cell[0] not in told})
        found = [judged for cell in cells for judged in self._judge(*cell, seen)]
        best = "; ".join(one.words for one in found if one.enough)
        return judged(
            found,
            good=f"no family can be answered blind ({best})",
            remedy="Find what gives the answer away (wording, cameras, sizes) and match it in both classes.",
        )

    @property
    def _most(self) -> dict[str, int]:
        train, held = self.parameters["max_train_rows"], self.parameters["max_held_rows"]
        return {TRAIN: train, ASIDE: max(train, held), TEST: held}

    def _judge(self, family: str, way: str, seen: Sequence[Mapping[Cell, Drawn]]) -> Iterator[Judged]:
        """The rows of a family that are answered in one way."""
        parameters = self.parameters
        trained, tried = _split(
            {
                part: together((one[family, way, part] for one in seen if (family, way, part) in one), most)
                for part, most in self._most.items()
            },
            parameters,
        )
        persons = len(np.unique(tried.person))
        if min(len(trained), len(tried)) < parameters["min_rows"] or persons < parameters["min_persons"]:
            yield Judged(family, enough=False, excess=0.0, words="")
            return
        chosen = np.union1d(trained.row, tried.row)
        blind = Blind(sampled(self.staged, chosen, COLUMNS), parameters["hashed_words"])
        few = f" on {len(tried)} of {tried.n} held-out rows" if len(tried) < tried.n else ""
        train, held = (np.searchsorted(chosen, part.row) for part in (trained, tried))
        for one in _tries(blind, train, held, parameters):
            if len(one.right) >= parameters["min_rows"]:
                yield _judged(blind, family, one, parameters, few)


def _judged(blind: Blind, family: str, tried: Tried, parameters: Parameters, drawn: str) -> Judged:
    gain = tried.right.astype(np.float64) - tried.base
    person = np.unique(blind.person[tried.row], return_inverse=True)[1]
    error = parameters["z"] * clustered_error(gain, person)
    words = f"{family} {tried.right.mean():.3f} by {tried.how}, {tried.base.mean():.3f} by chance, ±{error:.3f}{drawn}"
    return Judged(family, enough=True, excess=float(gain.mean()) - error - parameters["margin"], words=words)


def _split(parts: Mapping[str, Drawn], parameters: Parameters) -> tuple[Drawn, Drawn]:
    """Train rows and held-out rows: the test split, or a quarter of the train persons where it is too small."""
    train, aside, test = (parts[name] for name in (TRAIN, ASIDE, TEST))
    most, held = parameters["max_train_rows"], parameters["max_held_rows"]
    if test.n < parameters["min_rows"]:
        return train.first(most), aside.first(held)
    return together([train, aside], most), test.first(held)


def _tries(blind: Blind, train: Ints, held: Ints, parameters: Parameters) -> Tries:
    """What the models for a way of answering reach on held-out rows."""
    penalty, kind = parameters["penalty"], str(blind.facts.kind[train[0]])
    if kind == "pick1":
        yield from _pick_tries(blind, train, held, penalty)
    elif kind in ("yesno", "attr"):
        right, base = _classes(blind, train, held, penalty)
        yield Tried("prompt and pictures' facts", right, base.astype(np.float64), held)
    elif kind in _PARTS:
        yield from _PARTS[kind](blind, train, held, penalty)
    else:
        yield from stated_tries(blind, train, held, penalty, parameters["max_lines"], parameters["min_rows"])
        yield from nearest_tries(blind, train, held)
        yield from rated_tries(blind, train, held, penalty)


def _pick_tries(blind: Blind, train: Ints, held: Ints, penalty: float) -> Tries:
    rows, chance = np.concatenate([train, held]), _drawn(blind, train, held)
    if not str(blind.facts.text[train[0]]).startswith("Option"):
        found = candidate_features(blind, rows)
        yield Tried("prompt and candidates", picked(found, len(train), penalty), chance, held)
        return
    yield Tried("prompt and pictures' facts", _classes(blind, train, held, penalty)[0], chance, held)
    if (options := option_features(blind, rows)) is not None:
        yield Tried("the look of options", picked(options, len(train), penalty), chance, held)


def _classes(blind: Blind, train: Ints, held: Ints, penalty: float) -> tuple[Mask, Mask]:
    """One class per row: which held-out rows the model and the majority get right."""
    rows = np.concatenate([train, held])
    known = np.arange(len(rows)) < len(train)
    answers = answers_as_codes(blind, rows)
    asked = asked_as_codes(blind, rows) if blind.facts.kind[train[0]] == "attr" else np.zeros(len(rows), dtype=np.int64)
    return guessed(row_features(blind, rows, asked), answers, asked, known, penalty)


def _drawn(blind: Blind, train: Ints, held: Ints) -> Floats:
    """The chance of each held-out row when one draws among its options, or says None as often as train rows do."""
    nothing = float((blind.facts.gold_index[train] == 0).mean())
    return np.maximum((1.0 - nothing) / np.maximum(blind.facts.n_options[held], 1), nothing)


def _good() -> ToyStaged:
    return toy_staged(toy_rows(160))


def _bad() -> ToyStaged:
    rows = toy_rows(160)
    for row in rows["conversations"]:
        if row["answer"]["text"] == "Yes":
            row["turns"][0]["text"] = row["turns"][0]["text"].replace("one person", "surely one person")
    return toy_staged(rows)


GATE = Gate(title="Blind solver", severity="error", check=OverBlocks(_Solver, rereads=True), good=_good, bad=_bad)
