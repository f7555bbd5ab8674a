"""How far distributions moved between two versions: attribute values by key, answers by family, sources and their
cameras, and the lengths of each source's captions; values and answers also for every source by itself.

A conversation counts for the source of its first picture.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

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
_NOWHERE = "no source"
_PICTURE = "images.list.element.source"
Groups = dict[tuple[str, str], Counter[str]]  # (name, source or nothing) to how often each value stands there


def drifts(old: VersionFolder, new: VersionFolder) -> list[Drift]:
    """Every distribution that moved at all, the one that moved most first."""
    found = [
        *_moved("attribute", _attributes(old), _attributes(new)),
        *_answers(old, new),
        *_pictures(old, new),
        *_texts(old, new),
    ]
    return sorted(found, key=lambda drift: (-drift.distance, drift.what))


def _attributes(version: VersionFolder) -> Groups:
    columns = ("key", "value", "image_id", "person_key", "clothes_key")
    return _with_totals(_counted(version.files("attributes"), columns, _values))


def _values(part: pa.Table) -> pa.Table:
    """Values by key and source; each is about an image, a person or an outfit, whose name begins with the source."""
    names = zip((part.column(name) for name in ("image_id", "person_key", "clothes_key")), "/::", strict=True)
    sources = [pc.list_element(pc.split_pattern(name, mark, max_splits=1), 0) for name, mark in names]
    source = pc.coalesce(*sources, _NOWHERE)
    return pa.table({"name": part.column("key"), "source": source, "value": part.column("value")})


def _answers(old: VersionFolder, new: VersionFolder) -> Iterator[Drift]:
    """The answers of the families whose files differ; answers that are free text have no distribution."""
    mine, theirs = differing(old, new, "conversations")
    changed = {entry.family for entry in (*mine, *theirs)}
    before, after = (_answers_of(version, changed) for version in (old, new))
    yield from _moved("answers of", before, after)


def _answers_of(version: VersionFolder, families: set[str]) -> Groups:
    entries = [e for e in version.manifest.files if e.table == "conversations" and e.family in families]
    paths = [version.folder / entry.path for entry in entries]
    return _with_totals(_counted(paths, ("family", "answer.text", _PICTURE), _short_answers))


def _short_answers(part: pa.Table) -> pa.Table:
    told = pc.struct_field(part.column("answer"), "text")
    pictures = part.column("images").combine_chunks()
    first = pc.struct_field(pc.list_flatten(pc.list_slice(pictures, 0, 1)), "source")
    shown = pc.greater(pc.list_value_length(pictures), 0)
    pairs = pa.table({"name": part.column("family"), "value": told}).filter(shown)
    pairs = pairs.add_column(1, "source", first)
    return pairs.filter(pc.less_equal(pc.utf8_length(pairs.column("value")), _LONGEST_ANSWER))


def _pictures(old: VersionFolder, new: VersionFolder) -> Iterator[Drift]:
    """How the images of a version fall to its sources, and those of each source to its cameras."""
    if not any(differing(old, new, "person_images")):
        return
    for what, columns, pairs in (
        ("images of", ("source",), _of_all_sources),
        ("cameras of", ("source", "cam_key"), _filmed),
    ):
        yield from _moved(what, *(_counted(version.files("person_images"), columns, pairs) for version in (old, new)))


def _of_all_sources(part: pa.Table) -> pa.Table:
    return _of_no_source(pa.repeat("all sources", len(part)), part.column("source"))


def _filmed(part: pa.Table) -> pa.Table:
    filmed = part.filter(pc.is_valid(part.column("cam_key")))
    return _of_no_source(filmed.column("source"), filmed.column("cam_key"))


def _of_no_source(names: Any, values: Any) -> pa.Table:
    """Pairs of groups that are not parted by source."""
    return pa.table({"name": names, "source": pa.repeat("", len(names)), "value": values})


def _texts(old: VersionFolder, new: VersionFolder) -> Iterator[Drift]:
    if any(differing(old, new, "captions")):
        columns = ("image_id", "n_words", "valid")
        counts = (_counted(version.files("captions"), columns, _lengths) for version in (old, new))
        yield from _moved("caption words of", *counts)


def _lengths(part: pa.Table) -> pa.Table:
    """The lengths of usable captions by source, in spans of five words."""
    usable = part.filter(part.column("valid"))
    source = pc.list_element(pc.split_pattern(usable.column("image_id"), "/", max_splits=1), 0)
    span = pc.multiply(pc.divide(usable.column("n_words"), _WORDS_PER_BIN), _WORDS_PER_BIN)
    words = pc.binary_join_element_wise(span.cast(pa.string()), "or more", " ")
    return _of_no_source(source, words)


def _counted(paths: Iterable[Path], columns: Sequence[str], groups: Callable[[pa.Table], pa.Table]) -> Groups:
    """How often each value stands in its group; `groups` makes name, source and value of the columns, part by part."""
    found: Groups = {}
    names = list(dict.fromkeys(column.split(".")[0] for column in columns))
    for path in paths:
        for batch in pq.ParquetFile(path).iter_batches(_ROWS, columns=list(columns)):
            part = groups(pa.Table.from_batches([batch]).select(names))
            counted = part.group_by(part.column_names).aggregate([([], "count_all")]).to_pydict()
            for name, source, value, count in zip(*counted.values(), strict=True):
                found.setdefault((name, source), Counter())[value] += count
    return found


def _with_totals(parts: Groups) -> Groups:
    """The groups by source and, under no source, those of all sources together."""
    found = dict(parts)
    for (name, _), counts in parts.items():
        found.setdefault((name, ""), Counter()).update(counts)
    return found


def _moved(what: str, old: Groups, new: Groups) -> Iterator[Drift]:
    for name, source in sorted(old.keys() & new.keys()):
        was, now = old[name, source], new[name, source]
        rows = (was.total(), now.total())
        pairs = {value: (was[value] / rows[0], now[value] / rows[1]) for value in was.keys() | now.keys()}
        distance = sum(abs(after - before) for before, after in pairs.values()) / 2
        most = sorted(pairs, key=lambda value: (-abs(pairs[value][1] - pairs[value][0]), value))[:_SHOWN]
        if distance > 0:
            told = f"{what} {name} about {source}" if source else f"{what} {name}"
            moved = {value: pairs[value] for value in most if pairs[value][0] != pairs[value][1]}
            yield Drift(told, distance, moved, min(rows), source)
