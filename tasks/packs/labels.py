"""The label rows of a source, from its own files and from the user's, checked against the images that are stored."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

import pyarrow as pa

from generators.own_labels import Known, find_own, read_own
from generators.raw_tree import StoredTree
from schemas.keys import digest
from schemas.rows import Attribute, Caption, Reject
from schemas.source import RawTree, Source
from schemas.tables import ATTRIBUTES, CAPTIONS
from schemas.vocabulary import VOCABULARY
from tasks.packs.columns import table_of
from tasks.packs.squeezed import Squeezed


@dataclass(slots=True)
class Labels:
    """Checked label rows on their way into tables; what does not fit goes to `rejects`."""

    known: Known
    rejects: list[Reject]
    attributes: dict[str, Attribute] = field(default_factory=dict)
    strangers: dict[tuple[str, str], int] = field(default_factory=dict)

    def captions(self, rows: Iterable[Attribute | Caption | Reject]) -> pa.Table:
        """The captions among rows as a table, attributes and rejects put aside."""
        derived = {"n_words": lambda caption: len(caption.text.split())}
        return table_of(CAPTIONS, self._sorted_out(rows), derived)

    def attribute_table(self) -> pa.Table:
        """The attributes put aside, keyed by what they speak of; labels of strangers become one reject a subject."""
        for (table, subject), count in sorted(self.strangers.items()):
            what = f"{count} label{'s' if count > 1 else ''} of {subject!r}, which has no stored image."
            self.rejects.append(_reject(self.known.source, table, subject, "no_image", what))
        ids = {id(row): name for name, row in self.attributes.items()}
        return table_of(ATTRIBUTES, self.attributes.values(), {"attribute_id": lambda row: ids[id(row)]})

    def _sorted_out(self, rows: Iterable[Attribute | Caption | Reject]) -> Iterator[Caption]:
        for row in rows:
            if isinstance(row, Reject):
                self.rejects.append(row)
            elif isinstance(row, Attribute):
                self._keep(row)
            elif row.image_id in self.known.images:
                yield row
            else:
                self._stranger("captions", row.image_id)

    def _keep(self, row: Attribute) -> None:
        subject = row.image_id or row.clothes_key or row.person_key or ""
        if subject not in self._subjects(row.level):
            self._stranger("attributes", subject)
            return
        # A key that takes several values has a row for each; any other key has one row per subject and source.
        extra = row.value if VOCABULARY[row.key].multi else ""
        name = digest([row.level, subject, row.key, row.attribute_source, extra])[:32]
        first = self.attributes.setdefault(name, row)
        if first is not row:
            self.rejects.append(self._conflict(subject, row, first))

    def _subjects(self, level: str) -> Iterable[str]:
        return {"image": self.known.images, "clothes": self.known.clothes}.get(level, self.known.persons)

    def _stranger(self, table: str, subject: str) -> None:
        self.strangers[table, subject] = self.strangers.get((table, subject), 0) + 1

    def _conflict(self, subject: str, row: Attribute, first: Attribute) -> Reject:
        detail = f"{row.key} of {subject!r} is {row.value!r} here and {first.value!r} in an earlier row, which is kept."
        reason = "duplicate" if row.value == first.value else "contradiction"
        return _reject(self.known.source, "attributes", subject, reason, detail)


def _reject(source: str, table: str, subject: str, reason: str, detail: str) -> Reject:
    return Reject(table=table, source=source, subject=subject, reason=reason, detail=detail)


class _LazyMap(Mapping[str, Any]):
    """A mapping that is made when it is first asked: a source without labels never needs the large ones."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> dict[str, Any]:
        return self._make()

    def __getitem__(self, key: str) -> Any:
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def known_of(source: str, persons: Squeezed) -> Known:
    """The subjects that labels may have, from the stored person images."""
    return Known(
        source,
        _LazyMap(lambda: dict(_distinct(persons, "image_id", "person_key"))),
        _LazyMap(lambda: _names(_distinct(persons, "person_key", "pid_raw"))),
        _LazyMap(lambda: _outfits(_distinct(persons, "clothes_key", "person_key", "clothes_raw"))),
    )


def _distinct(persons: Squeezed, *columns: str) -> list[tuple[Any, ...]]:
    found: set[tuple[Any, ...]] = set()
    for part in persons.parts(*columns):
        found.update(zip(*(part.column(name).to_pylist() for name in columns), strict=True))
    return sorted(found, key=repr)


def _names(pairs: list[tuple[Any, ...]]) -> dict[str, str]:
    """Persons by key, and by raw id where that means one person only."""
    by_raw: dict[str, list[str]] = {}
    for key, raw in pairs:
        if key:
            by_raw.setdefault(raw, []).append(key)
    named = {raw: keys[0] for raw, keys in by_raw.items() if len(keys) == 1}
    return named | {key: key for key, _ in pairs if key}


def _outfits(worn: list[tuple[Any, ...]]) -> dict[str, str]:
    """Outfits by key, and by person key and raw number."""
    named = {f"{person}/{raw}": key for key, person, raw in worn if key}
    return named | {key: key for key, _, _ in worn if key}


def own_rows(tree: StoredTree, known: Known) -> Iterator[Attribute | Caption | Reject]:
    """The rows of the label files that a user put in the dataset's folder or beside it."""
    for file, read in find_own(tree):
        yield from read_own(file.relpath, read(), known)


def every_label(
    source: Source, tree: RawTree, folder: StoredTree, known: Known
) -> Iterator[Attribute | Caption | Reject]:
    """All label rows: the source's captions and attributes, then the user's own."""
    return chain(source.captions(tree), source.attributes(tree), own_rows(folder, known))
