"""How far distributions moved between two versions: attribute values by key, answers by family and by source, sources
and their cameras, and the lengths of each source's captions."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.versions.diff.difference import Drift
from tasks.versions.diff.sections import differing
from tasks.versions.reader import VersionFolder

_SHOWN = 5
_ROWS = 1 << 17
_LONGEST_ANSWER = 40
_WORDS_PER_BIN = 5
Shares = dict[str, dict[str, float]]


def drifts(old: VersionFolder, new: VersionFolder) -> list[Drift]:
    """Every distribution that moved at all, the one that moved most first."""
    found = [
        *_moved("attribute", _attributes(old), _attributes(new)),
        *_answers(old, new),
        *_pictures(old, new),
        *_texts(old, new),
    ]
    return sorted(found, key=lambda drift: (-drift.distance, drift.what))


def _attributes(version: VersionFolder) -> Shares:
    return _shares(version.files("attributes"), ("key", "value"), lambda part: part)


def _answers(old: VersionFolder, new: VersionFolder) -> Iterator[Drift]:
    """The answers of the families whose files differ; answers that are free text have no distribution."""
    mine, theirs = differing(old, new, "conversations")
    changed = {entry.family for entry in (*mine, *theirs)}
    before, after = (_answer_shares(version, changed) for version in (old, new))
    yield from _moved("answers of", before, after)


def _answer_shares(version: VersionFolder, families: set[str]) -> Shares:
    entries = [e for e in version.manifest.files if e.table == "conversations" and e.family in families]
    return _shares([version.folder / entry.path for entry in entries], ("family", "answer"), _short_answers)


def _short_answers(part: pa.Table) -> pa.Table:
    told = pc.struct_field(part.column("answer"), "text")
    short = pc.less_equal(pc.utf8_length(told), _LONGEST_ANSWER)
    return pa.table({"family": part.column("family"), "answer": told}).filter(short)


def _pictures(old: VersionFolder, new: VersionFolder) -> Iterator[Drift]:
    """How the images of a version fall to its sources, and those of each source to its cameras."""
    if not any(differing(old, new, "person_images")):
        return
    for what, columns, pairs in (
        ("images of", ("source",), _of_all_sources),
        ("cameras of", ("source", "cam_key"), _filmed),
    ):
        yield from _moved(what, *(_shares(version.files("person_images"), columns, pairs) for version in (old, new)))


def _of_all_sources(part: pa.Table) -> pa.Table:
    return pa.table({"all": pa.repeat("all sources", len(part)), "source": part.column("source")})


def _filmed(part: pa.Table) -> pa.Table:
    return part.filter(pc.is_valid(part.column("cam_key")))


def _texts(old: VersionFolder, new: VersionFolder) -> Iterator[Drift]:
    if any(differing(old, new, "captions")):
        columns = ("image_id", "n_words", "valid")
        shares = (_shares(version.files("captions"), columns, _lengths) for version in (old, new))
        yield from _moved("caption words of", *shares)


def _lengths(part: pa.Table) -> pa.Table:
    """The lengths of usable captions by source, in spans of five words."""
    usable = part.filter(part.column("valid"))
    source = pc.list_element(pc.split_pattern(usable.column("image_id"), "/", max_splits=1), 0)
    span = pc.multiply(pc.divide(usable.column("n_words"), _WORDS_PER_BIN), _WORDS_PER_BIN)
    words = pc.binary_join_element_wise(span.cast(pa.string()), "or more", " ")
    return pa.table({"source": source, "words": words})


def _shares(paths: Iterable[Path], columns: Sequence[str], pairs: Callable[[pa.Table], pa.Table]) -> Shares:
    """The shares of values within groups; `pairs` makes these two columns of others, which are read part by part."""
    found: dict[str, Counter[str]] = {}
    for path in paths:
        for batch in pq.ParquetFile(path).iter_batches(_ROWS, columns=list(columns)):
            part = pairs(pa.Table.from_batches([batch]).select(list(columns)))
            counted = part.group_by(part.column_names).aggregate([([], "count_all")]).to_pydict()
            for name, each, count in zip(*counted.values(), strict=True):
                found.setdefault(name, Counter())[each] += count
    return {name: {each: count / counts.total() for each, count in counts.items()} for name, counts in found.items()}


def _moved(what: str, old: Shares, new: Shares) -> Iterator[Drift]:
    for name in sorted(old.keys() & new.keys()):
        values = old[name].keys() | new[name].keys()
        pairs = {value: (old[name].get(value, 0.0), new[name].get(value, 0.0)) for value in values}
        distance = sum(abs(after - before) for before, after in pairs.values()) / 2
        most = sorted(pairs, key=lambda value: (-abs(pairs[value][1] - pairs[value][0]), value))[:_SHOWN]
        if distance > 0:
            yield Drift(f"{what} {name}", distance, {value: pairs[value] for value in most})
