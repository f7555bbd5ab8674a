"""`market_attribute.mat` (Lin et al., 2019): 27 labels per person of Market-1501, as rows of the closed vocabulary.

The two structs hold the same fields in different orders, so a field is only ever addressed by name. `1` means no
(or the first value), `2` yes; a 0 shows that a column counts from another base, and the whole column is refused.
A person with no colour marked has a colour that the file does not name: no row, because unknown stays unknown.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from generators.mat_file import read_variable
from schemas.errors import BadRawData, BadTable
from schemas.rows import Attribute, Reject
from schemas.source import RawTree

FILE = "market_attribute.mat"
_LIMIT = 32 << 20
_YES_NO = ("no", "yes")
# Field of the file: (key of the vocabulary, the values that 1, 2, ... stand for).
_CODED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "gender": ("gender_presentation", ("masculine", "feminine")),
    "age": ("age_group", ("child", "teenager", "adult", "senior")),
    "hair": ("hair_length", ("short", "long")),
    "up": ("upper_sleeve", ("long", "short")),
    "down": ("lower_length", ("long", "short")),
    # "pants" covers trousers, jeans and shorts alike: only "dress" narrows the type of the lower garment.
    "clothes": ("lower_type", ("skirt|dress", "")),
    "backpack": ("backpack", _YES_NO),
    "bag": ("shoulder_bag", _YES_NO),
    "handbag": ("hand_bag", _YES_NO),
    # A hat of unknown type is no value of `headwear`; its absence is one.
    "hat": ("headwear", ("none", "")),
}
_COLOURS: Mapping[str, tuple[str, str]] = {
    f"{part}{word}": (f"{garment}_color_primary", {"gray": "grey"}.get(word, word))
    for part, garment, words in (
        ("up", "upper", "black white red purple yellow gray blue green"),
        ("down", "lower", "black white pink purple yellow gray blue green brown"),
    )
    for word in words.split()
}
_PERSON = re.compile(r"[0-9]{4}")


def read_market_attributes(tree: RawTree) -> Iterator[Attribute | Reject]:
    """The label rows of `market_attribute.mat` wherever it stands in the dataset; nothing when there is none."""
    for file in tree.files():
        if file.relpath.rpartition("/")[2] == FILE:
            yield from _read_file(tree, file.relpath)


def _read_file(tree: RawTree, relpath: str) -> Iterator[Attribute | Reject]:
    try:
        labels = _structs(tree.read(relpath, _LIMIT))
    except (BadRawData, BadTable) as error:
        yield _refusal(relpath, "damaged", f"The labels cannot be read from this file: {error}.")
        return
    for part, columns in labels.items():
        yield from _struct_rows(f"{relpath}#{part}", columns)


def _structs(data: bytes) -> dict[str, dict[str, Any]]:
    """The train and test structs as {field: column}. Raises BadTable when the file has another form."""
    attribute = read_variable(data, "market_attribute")
    parts = {part: attribute.get(part) for part in ("train", "test")} if isinstance(attribute, dict) else {}
    found = {part: columns for part, columns in parts.items() if isinstance(columns, dict)}
    if not found:
        raise BadTable("its struct market_attribute holds neither a train nor a test struct")
    return found


def _struct_rows(where: str, columns: Mapping[str, Any]) -> Iterator[Attribute | Reject]:
    index = columns.get("image_index")
    persons = [str(value).strip() for value in index] if isinstance(index, list) else []
    if not persons:
        yield _refusal(where, "damaged", "The struct has no image_index, so its labels belong to nobody.")
        return
    yield from _person_faults(where, persons)
    for name, (key, values) in _CODED.items():
        yield from _coded_rows(where, persons, name, columns.get(name), key, values)
    yield from _colour_rows(where, persons, columns)


def _person_faults(where: str, persons: list[str]) -> Iterator[Reject]:
    seen: set[str] = set()
    for number, person in enumerate(persons, start=1):
        if not _PERSON.fullmatch(person):
            yield _refusal(f"{where} row {number}", "bad_person", f"The person id {person!r} is not four digits.")
        elif person in seen:
            yield _refusal(f"{where} row {number}", "duplicate", f"The person {person} has a row already.")
        seen.add(person)


def _codes(where: str, persons: list[str], name: str, column: Any) -> tuple[list[int], Reject | None]:
    """A column as integers, or the reason why none of it can be trusted."""
    raw = column if isinstance(column, np.ndarray) else np.empty(0, dtype=object)
    if raw.dtype.kind not in "uif" or len(raw) != len(persons):
        found = f"holds {len(raw)} numbers" if isinstance(column, np.ndarray) else "is missing or holds no numbers"
        detail = f"The field {name!r} {found}; {len(persons)} were expected."
        return [], _refusal(f"{where}.{name}", "bad_column", detail)
    codes = [int(value) if float(value).is_integer() else -1 for value in raw.tolist()]
    if 0 in codes:
        detail = f"The field {name!r} holds 0, so it does not count from 1 and what 1 means in it is unknown."
        return [], _refusal(f"{where}.{name}", "bad_base", detail)
    return codes, None


def _coded_rows(
    where: str, persons: list[str], name: str, column: Any, key: str, values: tuple[str, ...]
) -> Iterator[Attribute | Reject]:
    codes, fault = _codes(where, persons, name, column)
    if fault:
        yield fault
    for person, code in _first_of_each(persons, codes):
        if not 1 <= code <= len(values):
            yield _impossible(where, person, name, code, len(values))
        elif values[code - 1]:
            yield _row(person, key, values[code - 1])


def _colour_rows(where: str, persons: list[str], columns: Mapping[str, Any]) -> Iterator[Attribute | Reject]:
    marked: dict[tuple[str, str], list[str]] = {}
    for name, (key, colour) in _COLOURS.items():
        codes, fault = _codes(where, persons, name, columns.get(name))
        if fault:
            yield fault
        for person, code in _first_of_each(persons, codes):
            if code == 2:
                marked.setdefault((person, key), []).append(colour)
            elif code != 1:
                yield _impossible(where, person, name, code, 2)
    for (person, key), colours in sorted(marked.items()):
        if len(colours) == 1:
            yield _row(person, key, colours[0])
        else:
            detail = f"The person {person} has the colours {', '.join(colours)} for {key}; exactly one is meant."
            yield _refusal(f"{where} person {person}", "contradiction", detail)


def _first_of_each(persons: list[str], codes: list[int]) -> Iterator[tuple[str, int]]:
    """Pairs of a well-formed person and a code; a person's second row was refused already."""
    rows: dict[str, int] = {}
    for person, code in zip(persons, codes, strict=False):
        if _PERSON.fullmatch(person):
            rows.setdefault(person, code)
    return iter(rows.items())


def _row(person: str, key: str, value: str) -> Attribute:
    return Attribute(
        level="person", key=key, value=value, attribute_source="market_attribute", person_key=f"market1501:{person}"
    )


def _impossible(where: str, person: str, name: str, code: int, top: int) -> Reject:
    shown = "a fraction" if code == -1 else code
    detail = f"The person {person} has {shown} for {name!r}; 1 to {top} are possible."
    return _refusal(f"{where} person {person} {name}", "impossible_value", detail)


def _refusal(subject: str, reason: str, detail: str) -> Reject:
    return Reject(table="attributes", source="market1501", subject=subject, reason=reason, detail=detail)
