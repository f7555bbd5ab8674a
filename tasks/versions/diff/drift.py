"""How far distributions moved between two versions: attribute values by key, answers by family and by source, sources
and their cameras, and the lengths of each source's captions."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tasks.versions.diff.difference import Drift
from tasks.versions.diff.sections import differing, read
from tasks.versions.reader import VersionFolder

_SHOWN = 5
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
    return _shares(version.table("attributes", ["key", "value"]), "key", "value")


def _answers(old: VersionFolder, new: VersionFolder) -> Iterator[Drift]:
    """The answers of the families whose files differ; answers that are free text have no distribution."""
    mine, theirs = differing(old, new, "conversations")
    changed = {entry.family for entry in (*mine, *theirs)}
    before, after = (_answer_shares(version, changed) for version in (old, new))
    yield from _moved("answers of", before, after)


def _answer_shares(version: VersionFolder, families: set[str]) -> Shares:
    entries = [e for e in version.manifest.files if e.table == "conversations" and e.family in families]
    table = read(version, "conversations", entries, ("family", "answer"))
    told = pc.struct_field(table.column("answer"), [1])
    short = pc.less_equal(pc.utf8_length(told), _LONGEST_ANSWER)
    return _shares(pa.table({"family": table.column("family"), "answer": told}).filter(short), "family", "answer")


def _pictures(old: VersionFolder, new: VersionFolder) -> Iterator[Drift]:
    """How the images of a version fall to its sources, and those of each source to its cameras."""
    if not any(differing(old, new, "person_images")):
        return
    before, after = (version.table("person_images", ["source", "cam_key"]) for version in (old, new))
    whole = [table.append_column("all", pa.repeat("all sources", len(table))) for table in (before, after)]
    yield from _moved("images of", *(_shares(table, "all", "source") for table in whole))
    filmed = [table.filter(pc.is_valid(table.column("cam_key"))) for table in (before, after)]
    yield from _moved("cameras of", *(_shares(table, "source", "cam_key") for table in filmed))


def _texts(old: VersionFolder, new: VersionFolder) -> Iterator[Drift]:
    if any(differing(old, new, "captions")):
        yield from _moved("caption words of", _caption_words(old), _caption_words(new))


def _caption_words(version: VersionFolder) -> Shares:
    """The lengths of usable captions per source, in spans of five words."""
    table = version.table("captions", ["image_id", "n_words", "valid"])
    table = table.filter(table.column("valid"))
    source = pc.list_element(pc.split_pattern(table.column("image_id"), "/", max_splits=1), 0)
    span = pc.multiply(pc.divide(table.column("n_words"), _WORDS_PER_BIN), _WORDS_PER_BIN)
    words = pc.binary_join_element_wise(span.cast(pa.string()), "or more", " ")
    return _shares(pa.table({"source": source, "words": words}), "source", "words")


def _shares(table: pa.Table, group: str, value: str) -> Shares:
    counted = table.group_by([group, value]).aggregate([([], "count_all")]).to_pydict()
    totals: dict[str, int] = {}
    for name, count in zip(counted[group], counted["count_all"], strict=True):
        totals[name] = totals.get(name, 0) + count
    found: Shares = {}
    for name, each, count in zip(counted[group], counted[value], counted["count_all"], strict=True):
        found.setdefault(name, {})[each] = count / totals[name]
    return found


def _moved(what: str, old: Shares, new: Shares) -> Iterator[Drift]:
    for name in sorted(old.keys() & new.keys()):
        values = old[name].keys() | new[name].keys()
        pairs = {value: (old[name].get(value, 0.0), new[name].get(value, 0.0)) for value in values}
        distance = sum(abs(after - before) for before, after in pairs.values()) / 2
        most = sorted(pairs, key=lambda value: (-abs(pairs[value][1] - pairs[value][0]), value))[:_SHOWN]
        if distance > 0:
            yield Drift(f"{what} {name}", distance, {value: pairs[value] for value in most})
