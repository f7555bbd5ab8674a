"""The captions of a source are as long as captions are: neither stubs nor essays, nor all cut at one length."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Judge the words of usable captions per source and writer; the cells are `source/writer`."""
    return judged(
        list(_lengths(staged, parameters)),
        good="captions are as long as expected",
        remedy="Look at captions of that source: cut answers, empty templates or another language end like this.",
    )


def _lengths(staged: Staged, parameters: Mapping[str, Any]) -> Iterator[Judged]:
    rows = staged.table("captions", ["image_id", "caption_source", "n_words", "valid"])
    rows = rows.filter(rows.column("valid"))
    source = pc.list_element(pc.split_pattern(rows.column("image_id"), "/", max_splits=1), 0)
    table = pa.table({"source": source, "writer": rows.column("caption_source"), "words": rows.column("n_words")})
    counted = table.group_by(["source", "writer", "words"], use_threads=False).aggregate([([], "count_all")])
    cells: dict[tuple[str, str], dict[int, int]] = {}
    for row in counted.to_pylist():
        cells.setdefault((row["source"], row["writer"]), {})[row["words"]] = row["count_all"]
    for (name, writer), sizes in sorted(cells.items()):
        yield _judge(name, writer, sizes, parameters)


def _judge(source: str, writer: str, sizes: Mapping[int, int], parameters: Mapping[str, Any]) -> Judged:
    """One writer's captions of one source; `sizes` counts captions by their number of words."""
    n, (low, high) = sum(sizes.values()), parameters["mean_words"]
    mean = sum(words * count for words, count in sizes.items()) / n
    most = max(sizes, key=lambda words: (sizes[words], words))
    alike = sizes[most] / n
    excess = max(low - mean, mean - high, alike - parameters["max_alike"])
    words = (
        f"{source}: captions by {writer} have {mean:.1f} words on average, promised are {low} to {high}; "
        f"{alike:.0%} of {n} have {most} words"
    )
    return Judged(f"{source}/{writer}", n >= parameters["min_captions"], excess, words)


def _toy(longer: bool) -> ToyStaged:
    rows = toy_rows(60)
    for number, caption in enumerate(rows["captions"]):
        caption["n_words"] = 6 + number % 9 if longer else 2
    return toy_staged({"captions": rows["captions"]})


def _good() -> ToyStaged:
    return _toy(longer=True)


def _bad() -> ToyStaged:
    return _toy(longer=False)


GATE = Gate(title="Caption lengths per source", severity="warning", check=check, good=_good, bad=_bad)
