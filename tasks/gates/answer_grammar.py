"""Answers parse in the grammar of their kind and agree with the gold; prompts show each image once, in order."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from schemas import answers, vocabulary
from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block, Ints
from tasks.checking.counting import joined, names_of
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import SHOWN_IMAGE
from tasks.checking.screening import MARKER, THOUGHT, suspects, wrong_golds
from tasks.checking.toy import toy_rows, toy_staged

_GOLDS = tuple(field.name for field in fields(answers.Parsed) if field.name.startswith("gold_"))
_SPOKEN = {vocabulary.spoken(value) for key in vocabulary.VOCABULARY.values() for value in key.values}
_UNSEEN = "not visible"
_THOUGHT = re.compile(THOUGHT)
_MARKERS = re.compile(MARKER)
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Seen:
    """How many rows a block has, what is wrong with how many, and which."""

    rows: int
    reasons: Counter[str]
    failing: Ints


@dataclass(frozen=True)
class _Grammar:
    """Read every row as a trainer and an evaluator would; `max_failing` rows may be wrong."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        leftovers = self.parameters["leftovers"]
        wrong = wrong_golds(block, lambda n_images, answer: any(_gold_faults(n_images, answer)))
        rows = np.flatnonzero(suspects(block, leftovers) | wrong)
        found = dict(_judged(block, rows, re.compile(leftovers)))
        return _Seen(block.rows, Counter(found.values()), block.numbered[list(found)])

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        reasons, failing = Counter[str](), joined(one.failing for one in seen)
        for one in seen:
            reasons.update(one.reasons)
        words = "; ".join(f"{count} rows: {reason}" for reason, count in sorted(reasons.items()))
        return Verdict(
            passed=len(failing) <= self.parameters["max_failing"],
            figure=float(len(failing)),
            summary=words or f"all {sum(one.rows for one in seen)} rows parse and agree with their gold",
            failing=names_of(self.staged, failing),
            remedy="Mend the question family that wrote these rows: its wording or its gold.",
        )


def _judged(block: Block, rows: Ints, leftovers: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Those of some rows that are wrong, each with the first thing that is wrong with it."""
    if not len(rows):
        return
    n_images = np.bincount(block.rows_of(SHOWN_IMAGE), minlength=block.rows)
    turns, stated = (block.values(name).take(pa.array(rows)).to_pylist() for name in ("turns", "answer"))
    for row, said, answer in zip(rows.tolist(), turns, stated, strict=True):
        if reason := next(_faults(int(n_images[row]), said, answer, leftovers), None):
            yield row, reason


def _faults(n_images: int, turns: list[Row], answer: Row, leftovers: re.Pattern[str]) -> Iterator[str]:
    text = answer["text"]
    if not text.strip():
        yield "the gold is empty"
    if [turn["role"] for turn in turns] != ["user", "assistant"] * (len(turns) // 2) or not turns:
        yield "user and assistant do not take turns"
    said = [turn["text"] for turn in turns if turn["role"] == "assistant"]
    asked = [turn["text"] for turn in turns if turn["role"] == "user"]
    if said and said[-1] != text:
        yield "the last turn is not the answer"
    if any(answers.markers(turn) for turn in said):
        yield "an answer holds an image marker"
    if answers.markers("\n".join(asked)) != list(range(1, n_images + 1)):
        yield "the markers of the prompt are not its images, once each and in order"
    if any(leftovers.search(_MARKERS.sub("", turn)) for turn in asked):
        yield "the prompt holds an unfilled slot"
    if answer["kind"] != "json" and any(leftovers.search(_THOUGHT.sub("", turn)) for turn in said):
        yield "the answer holds an unfilled slot"
    yield from _gold_faults(n_images, answer)


def _gold_faults(n_images: int, answer: Row) -> Iterator[str]:
    parsed = answers.parse(answer["kind"], answer["text"])
    if parsed is None:
        yield f"the answer is not in the grammar of {answer['kind']}"
        return
    for name in _GOLDS:
        stated = answer[name]
        if (tuple(stated) if isinstance(stated, list) else stated) != getattr(parsed, name):
            yield f"{name} disagrees with the text"
    numbers = [*(parsed.gold_set or ()), *(parsed.gold_rank or ()), parsed.gold_index or 0]
    if answer["kind"] == "partition":
        numbers += [number for group in json.loads(parsed.gold_json or "[]") for number in group]
        if len(numbers) - 1 != n_images:
            yield "the groups are not all the images"
    most = n_images if "Option" not in answer["text"] else answer["n_options"] or 0
    if max(numbers) > most:
        yield "the answer names an image or option that is not there"
    if answer["kind"] == "attr" and answer["text"] not in _SPOKEN and not answer["text"].startswith(_UNSEEN):
        yield "the answer is no word of the vocabulary"


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["conversations"][0]["answer"]["gold_bool"] = False
    return toy_staged(rows)


GATE = Gate(title="Answer grammar", severity="error", check=OverBlocks(_Grammar), good=_good, bad=_bad)
