"""Label files of one struct per split, one column per label, one row per person, in the form of Lin et al. (2019).

The structs of a file hold the same fields in different orders, so a field is only ever addressed by name. `1` means no
(or the first value), `2` yes; a 0 shows that a column counts from another base, and the whole column is refused.
A person with no colour marked has a colour that the file does not name: no row, because unknown stays unknown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from generators.mat_file import read_variable
from schemas.errors import BadRawData, BadTable
from schemas.rows import Attribute, Reject
from schemas.source import RawTree

_LIMIT = 32 << 20
_PERSON = re.compile(r"[0-9]{4}")
YES_NO = ("no", "yes")


def colour_fields(part: str, garment: str, words: str) -> dict[str, tuple[str, str]]:
    """The fields of one part of the body, `upgray` for "gray", with the key and value that a 2 in them stands for."""
    spelling = {"gray": "grey"}
    return {f"{part}{word}": (f"{garment}_color_primary", spelling.get(word, word)) for word in words.split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLabels:
    """One such file and what its fields mean.

    `coded` gives per field a key of the vocabulary and the values that 1, 2, ... stand for, "" for no row; `colours`
    the key and value of a 2. `name` is what rows give as their source and how the variable in the file is called.
    """

    name: str
    coded: Mapping[str, tuple[str, tuple[str, ...]]]
    colours: Mapping[str, tuple[str, str]]

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.name}.mat"

    def read(self, source: str, tree: RawTree) -> Iterator[Attribute | Reject]:
        """The rows of the file wherever it stands in the dataset `source`; nothing when there is none."""
        for file in tree.files():
            if file.relpath.rpartition("/")[2] == self.file:
                yield from _Reading(self, source).file(tree, file.relpath)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The file of one dataset being read."""

    form: PersonLabels
    source: str

    def file(self, tree: RawTree, relpath: str) -> Iterator[Attribute | Reject]:
        """Its rows, or the one reason why it has none."""
        try:
            labels = _structs(tree.read(relpath, _LIMIT), self.form.name)
        except (BadRawData, BadTable) as error:
            yield self._refusal(relpath, "damaged", f"The labels cannot be read from this file: {error}.")
            return
        for part, columns in labels.items():
            yield from self._struct_rows(f"{relpath}#{part}", columns)

    def _struct_rows(self, where: str, columns: Mapping[str, Any]) -> Iterator[Attribute | Reject]:
        index = columns.get("image_index")
        persons = [str(value).strip() for value in index] if isinstance(index, list) else []
        if not persons:
            yield self._refusal(where, "damaged", "The struct has no image_index, so its labels belong to nobody.")
            return
        yield from self._person_faults(where, persons)
        for name, (key, values) in self.form.coded.items():
            yield from self._coded_rows(where, persons, name, columns.get(name), key, values)
        yield from self._colour_rows(where, persons, columns)

    def _person_faults(self, where: str, persons: list[str]) -> Iterator[Reject]:
        seen: set[str] = set()
        for number, person in enumerate(persons, start=1):
            if not _PERSON.fullmatch(person):
                yield self._refusal(
                    f"{where} row {number}", "bad_person", f"The person id {person!r} is not four digits."
                )
            elif person in seen:
                yield self._refusal(f"{where} row {number}", "duplicate", f"The person {person} has a row already.")
            seen.add(person)

    def _codes(self, where: str, persons: list[str], name: str, column: Any) -> tuple[list[int], Reject | None]:
        """A column as integers, or the reason why none of it can be trusted."""
        raw = column if isinstance(column, np.ndarray) else np.empty(0, dtype=object)
        if raw.dtype.kind not in "uif" or len(raw) != len(persons):
            found = f"holds {len(raw)} numbers" if isinstance(column, np.ndarray) else "is missing or holds no numbers"
            detail = f"The field {name!r} {found}; {len(persons)} were expected."
            return [], self._refusal(f"{where}.{name}", "bad_column", detail)
        codes = [int(value) if float(value).is_integer() else -1 for value in raw.tolist()]
        if 0 in codes:
            detail = f"The field {name!r} holds 0, so it does not count from 1 and what 1 means in it is unknown."
            return [], self._refusal(f"{where}.{name}", "bad_base", detail)
        return codes, None

    def _coded_rows(
        self, where: str, persons: list[str], name: str, column: Any, key: str, values: tuple[str, ...]
    ) -> Iterator[Attribute | Reject]:
        codes, fault = self._codes(where, persons, name, column)
        if fault:
            yield fault
        for person, code in _first_of_each(persons, codes):
            if not 1 <= code <= len(values):
                yield self._impossible(where, person, name, code, len(values))
            elif values[code - 1]:
                yield self._row(person, key, values[code - 1])

    def _colour_rows(self, where: str, persons: list[str], columns: Mapping[str, Any]) -> Iterator[Attribute | Reject]:
        marked: dict[tuple[str, str], list[str]] = {}
        for name, (key, colour) in self.form.colours.items():
            codes, fault = self._codes(where, persons, name, columns.get(name))
            if fault:
                yield fault
            for person, code in _first_of_each(persons, codes):
                if code == 2:
                    marked.setdefault((person, key), []).append(colour)
                elif code != 1:
                    yield self._impossible(where, person, name, code, 2)
        for (person, key), colours in sorted(marked.items()):
            if len(colours) == 1:
                yield self._row(person, key, colours[0])
            else:
                detail = f"The person {person} has the colours {', '.join(colours)} for {key}; exactly one is meant."
                yield self._refusal(f"{where} person {person}", "contradiction", detail)

    def _row(self, person: str, key: str, value: str) -> Attribute:
        return Attribute(
            level="person", key=key, value=value, attribute_source=self.form.name, person_key=f"{self.source}:{person}"
        )

    def _impossible(self, where: str, person: str, name: str, code: int, top: int) -> Reject:
        shown = "a fraction" if code == -1 else code
        detail = f"The person {person} has {shown} for {name!r}; 1 to {top} are possible."
        return self._refusal(f"{where} person {person} {name}", "impossible_value", detail)

    def _refusal(self, subject: str, reason: str, detail: str) -> Reject:
        return Reject(table="attributes", source=self.source, subject=subject, reason=reason, detail=detail)


def _structs(data: bytes, name: str) -> dict[str, dict[str, Any]]:
    """The train and test structs as {field: column}. Raises BadTable when the file has another form."""
    attribute = read_variable(data, name)
    parts = {part: attribute.get(part) for part in ("train", "test")} if isinstance(attribute, dict) else {}
    found = {part: columns for part, columns in parts.items() if isinstance(columns, dict)}
    if not found:
        raise BadTable(f"its struct {name} holds neither a train nor a test struct")
    return found


def _first_of_each(persons: list[str], codes: list[int]) -> Iterator[tuple[str, int]]:
    """Pairs of a well-formed person and a code; a person's second row was refused already."""
    rows: dict[str, int] = {}
    for person, code in zip(persons, codes, strict=False):
        if _PERSON.fullmatch(person):
            rows.setdefault(person, code)
    return iter(rows.items())
