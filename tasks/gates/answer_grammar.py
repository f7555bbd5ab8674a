"""Answers parse in the grammar of their kind and agree with the gold; prompts show each image once, in order."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from schemas import answers, vocabulary
from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids

_BATCH = 8_192
_GOLDS = tuple(field.name for field in fields(answers.Parsed) if field.name.startswith("gold_"))
_SPOKEN = {vocabulary.spoken(value) for key in vocabulary.VOCABULARY.values() for value in key.values}
_UNSEEN = "not visible"
_THOUGHT = re.compile(r"</?think>")
_MARKERS = re.compile(r"\[\[image:\d+\]\]")
Row = Mapping[str, Any]


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Read every row as a trainer and an evaluator would; `max_failing` rows may be wrong."""
    table = staged.table("conversations", ["sample_id", "images", "turns", "answer"])
    leftovers = re.compile(parameters["leftovers"])
    failing: list[str] = []
    reasons: dict[str, int] = {}
    for batch in table.to_batches(max_chunksize=_BATCH):
        shown = batch.column("images").value_lengths().to_pylist()
        plain = (batch.column(name).to_pylist() for name in ("sample_id", "turns", "answer"))
        for n_images, name, turns, answer in zip(shown, *plain, strict=True):
            if reason := next(_faults(n_images, turns, answer, leftovers), None):
                failing.append(name)
                reasons[reason] = reasons.get(reason, 0) + 1
    words = "; ".join(f"{count} rows: {reason}" for reason, count in sorted(reasons.items()))
    return Verdict(
        passed=len(failing) <= parameters["max_failing"],
        figure=float(len(failing)),
        summary=words or f"all {table.num_rows} rows parse and agree with their gold",
        failing=first_ids(failing),
        remedy="Mend the question family that wrote these rows: its wording or its gold.",
    )


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


GATE = Gate(title="Answer grammar", severity="error", check=check, good=_good, bad=_bad)
