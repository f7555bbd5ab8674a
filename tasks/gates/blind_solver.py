"""A classifier that sees everything but pixels must not beat chance on persons it has not met.

Per family, logistic models on the words of the prompt, on metadata and on the look of lettered options are fitted on
train rows and tried on held-out identities. A family fails when its accuracy exceeds the baseline by more than the
margin and the sampling error, where rows of one person count as one observation. The baseline is the most frequent
answer; for picks it is a blind draw among the options, or None where that is likelier: a preferred place is a shortcut.
Captions and other free answers have nothing to beat: not judged.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from schemas.keys import hash_ids, mix
from tasks.checking.blind import Blind, Candidates, answers_as_codes, asked_as_codes, candidate_features, row_features
from tasks.checking.lettered import option_features
from tasks.checking.statistics import chosen, clustered_error, fit_choice, fit_classes
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Parameters = Mapping[str, Any]
_KINDS = ("yesno", "attr", "pick1")


def check(staged: Staged, parameters: Parameters) -> Verdict:
    """Fit and try one blind model per family."""
    blind = Blind(staged, parameters["hashed_words"])
    families = sorted({str(name) for name in blind.facts.family[np.isin(blind.facts.kind, _KINDS)]})
    found = [one for family in families for one in _judge(blind, family, parameters)]
    best = "; ".join(one.words for one in found if one.enough)
    return judged(
        found,
        good=f"no family can be answered blind ({best})",
        remedy="Find what gives the answer away (wording, cameras, sizes) and match it in both classes.",
    )


def _judge(blind: Blind, family: str, parameters: Parameters) -> Iterator[Judged]:
    train, held = _split(blind, np.flatnonzero(blind.facts.family == family), parameters)
    persons = len(np.unique(blind.person[held]))
    if min(len(train), len(held)) < parameters["min_rows"] or persons < parameters["min_persons"]:
        yield Judged(family, enough=False, excess=0.0, words="")
        return
    for how, right, base in _tries(blind, train, held, parameters["penalty"]):
        gain = right.astype(np.float64) - base
        error = parameters["z"] * clustered_error(gain, np.unique(blind.person[held], return_inverse=True)[1])
        words = f"{family} {right.mean():.3f} by {how}, {base.mean():.3f} by chance, ±{error:.3f}"
        yield Judged(family, enough=True, excess=float(gain.mean()) - error - parameters["margin"], words=words)


def _tries(blind: Blind, train: Ints, held: Ints, penalty: float) -> Iterator[tuple[str, Mask, Floats]]:
    """By what each model goes, and which held-out rows it and the baseline get right."""
    rows = np.concatenate([train, held])
    picks = blind.facts.kind[train[0]] == "pick1"
    lettered = str(blind.facts.text[train[0]]).startswith("Option")
    if picks and not lettered:
        yield (
            "prompt and candidates",
            _picks(candidate_features(blind, rows), len(train), penalty),
            _drawn(blind, train, held),
        )
        return
    right, majority = _classes(blind, train, held, penalty)
    yield "prompt and pictures' facts", right, _drawn(blind, train, held) if picks else majority.astype(np.float64)
    if lettered and (options := option_features(blind, rows)) is not None:
        yield "the look of options", _picks(options, len(train), penalty), _drawn(blind, train, held)


def _split(blind: Blind, rows: Ints, parameters: Parameters) -> tuple[Ints, Ints]:
    """Train rows and held-out rows: the test split, or a quarter of the train persons where it is too small."""
    split = blind.facts.split[rows]
    train, held = rows[split == "train"], rows[split == "test"]
    if len(held) < parameters["min_rows"]:
        aside = mix(parameters["seed"], blind.person[train].astype(np.uint64)) % np.uint64(4) == 0
        train, held = train[~aside], train[aside]
    drawn = np.argsort(mix(parameters["seed"], hash_ids(blind.facts.sample_id[train])), kind="stable")
    return np.sort(train[drawn[: parameters["max_train_rows"]]]), held


def _classes(blind: Blind, train: Ints, held: Ints, penalty: float) -> tuple[Mask, Mask]:
    """Yes/no and attribute answers: which held-out rows the model and the majority get right."""
    rows = np.concatenate([train, held])
    known = np.arange(len(rows)) < len(train)
    answers = answers_as_codes(blind, rows)
    asked = asked_as_codes(blind, rows) if blind.facts.kind[train[0]] == "attr" else np.zeros(len(rows), dtype=np.int64)
    features = _scaled(row_features(blind, rows, asked), known)
    weights = fit_classes(features[known], answers[known], int(answers.max()) + 1, penalty)
    right = np.argmax(features[~known] @ weights, axis=1) == answers[~known]
    return right, _majority(asked, answers, known) == answers[~known]


def _majority(asked: Ints, answers: Ints, known: Mask) -> Ints:
    """For each held-out row the most frequent train answer to what it asks; never asked in train: the overall one."""
    counts = np.zeros((int(asked.max()) + 1, int(answers.max()) + 1))
    np.add.at(counts, (asked[known], answers[known]), 1)
    counts = counts + counts.sum(axis=0) * 1e-9
    return np.asarray(np.argmax(counts, axis=1)[asked[~known]], dtype=np.int64)


def _picks(found: Candidates, n_train: int, penalty: float) -> Mask:
    """Which held-out rows, those from `n_train` on, a choice among their alternatives gets right."""
    known = found.row < n_train
    features = _scaled(found.features, known)
    weights = fit_choice(features[known], found.row[known], found.gold[known], penalty)
    best = chosen(features[~known] @ weights, found.row[~known] - n_train)
    return np.asarray(found.gold[~known][best])


def _drawn(blind: Blind, train: Ints, held: Ints) -> Floats:
    """The chance of each held-out row when one draws among its options, or says None as often as train rows do."""
    nothing = float((blind.facts.gold_index[train] == 0).mean())
    return np.maximum((1.0 - nothing) / np.maximum(blind.facts.n_options[held], 1), nothing)


def _scaled(features: Floats, known: Mask) -> Floats:
    """Columns at unit spread over the train lines; columns of zeros and ones, which cost nothing as they are, too."""
    spread = features[known].std(axis=0)
    scaled = (features - features[known].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.hstack([np.ones((len(features), 1)), np.where(spread > 0, scaled, 0.0)])


def _good() -> ToyStaged:
    return toy_staged(toy_rows(160))


def _bad() -> ToyStaged:
    rows = toy_rows(160)
    for row in rows["conversations"]:
        if row["answer"]["text"] == "Yes":
            row["turns"][0]["text"] = row["turns"][0]["text"].replace("one person", "surely one person")
    return toy_staged(rows)


GATE = Gate(title="Blind solver", severity="error", check=check, good=_good, bad=_bad)
