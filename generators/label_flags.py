"""Tables of yes/no labels (PA-100K, PETA, RAP) as rows of the closed vocabulary.

A column is found by its name, never by its place: published files and papers permute the columns. `Says("hat", no=...)`
tells what a yes and a no in one column mean; several columns may speak of one key:

>>> said({"Trousers": (Says("lower_type", "jeans|trousers"),)}, ("Trousers",), (1,))
({'lower_type': 'trousers|jeans'}, [])
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.errors import BadTable
from schemas.rows import Attribute, Reject
from schemas.vocabulary import VOCABULARY

Labels = npt.NDArray[np.uint8]
_BAD = 255
# Of these a picture shows one value: several yeses leave what they have in common, or contradict each other. Of the
# others two may be worn together, and either is a right answer.
_ONE_ONLY = frozenset(
    ("gender_presentation", "age_group", "build", "viewpoint", "hair_length", "upper_sleeve", "lower_length")
)
# A face that is turned away shows neither: that nobody marked one is no statement.
_HIDDEN_FROM_BEHIND = ("glasses", "facial_hair")
_LONG_LEGWEAR = "trousers|jeans|leggings|sweatpants|suit_trousers"


@dataclass(frozen=True, slots=True)
class Says:
    """What one column says of one key: the value of a yes and of a no; empty where it says nothing.

    Alternatives are joined by `|`. A no counts only when no column said yes to the key.
    """

    key: str
    yes: str = ""
    no: str = ""


Meanings = Mapping[str, tuple[Says, ...]]
LONG_LEGWEAR = (Says("lower_type", _LONG_LEGWEAR), Says("lower_length", "long"))
SHORTS = (Says("lower_type", "shorts"), Says("lower_length", "short|knee"))
SKIRT_OR_DRESS = (Says("lower_type", "skirt|dress"),)
GENDER_OF_FEMALE = (Says("gender_presentation", "feminine", "masculine"),)


def yes_no(key: str) -> tuple[Says, ...]:
    """A column that answers a yes/no key in full."""
    return (Says(key, "yes", "no"),)


def said(meanings: Meanings, names: Sequence[str], flags: Sequence[int]) -> tuple[dict[str, str], list[str]]:
    """The values that one row of 0/1 flags gives, multi keys joined by `|`, and what contradicts itself in it."""
    yes, no = _votes(meanings, names, flags)
    found = {key: _joined(key, votes) for key, votes in yes.items()}
    torn = [f"{key} would be {' and '.join(yes[key])} at once" for key, value in found.items() if not value]
    values = {key: value for key, value in found.items() if value}
    values |= {key: votes[0] for key, votes in no.items() if key not in yes and len(votes) == 1}
    if values.get("viewpoint") == "back":
        values = {key: value for key, value in values.items() if key not in _HIDDEN_FROM_BEHIND or key in yes}
    return values, torn


def _votes(
    meanings: Meanings, names: Sequence[str], flags: Sequence[int]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The distinct values that the columns with a yes, and those with a no, give each key."""
    yes: dict[str, list[str]] = {}
    no: dict[str, list[str]] = {}
    for name, flag in zip(names, flags, strict=True):
        for says in meanings.get(name, ()) if flag in (0, 1) else ():
            value, votes = (says.yes, yes) if flag else (says.no, no)
            if value and value not in votes.setdefault(says.key, []):
                votes[says.key].append(value)
    return {key: found for key, found in yes.items() if found}, {key: found for key, found in no.items() if found}


def _joined(key: str, votes: list[str]) -> str:
    """Several values of one key as one; empty when they exclude each other."""
    parts = [set(vote.split("|")) for vote in votes]
    whole = set.union(*parts)
    if key in _ONE_ONLY or VOCABULARY[key].values == ("no", "yes"):
        whole = set.intersection(*parts)
    elif "none" in whole and len(votes) > 1:
        whole = set()
    return "|".join(sorted(whole, key=VOCABULARY[key].values.index))


def texts_of(value: Any, what: str, count: int | None = None) -> list[str]:
    """A cell of texts, such as names of columns or files; `count` takes the first of several columns.

    Raises BadTable when it is anything else.
    """
    items = value[:count] if isinstance(value, list) else []
    flat = [item[0] if isinstance(item, list) and len(item) == 1 else item for item in items]
    if not flat or not all(isinstance(item, str) for item in flat) or len(flat) < (count or 0):
        raise BadTable(f"its {what} are not a list of {count or 'some'} names")
    return [str(item).strip() for item in flat]


def matrix_of(value: Any, rows: int, columns: int, what: str) -> Labels:
    """A stored label matrix (columns first, as MATLAB keeps it) as (rows, columns); what is neither 0, 1 nor another
    small whole number becomes 255. Raises BadTable for another size."""
    numbers = value if isinstance(value, np.ndarray) else np.empty(0)
    if numbers.dtype.kind not in "uifb" or numbers.size != rows * columns:
        raise BadTable(f"its {what} holds {numbers.size} numbers, and {rows} rows of {columns} were expected")
    table = numbers.reshape(columns, rows).T
    whole = np.isfinite(table) & (table >= 0) & (table < _BAD) & (np.floor(table) == table)
    return np.where(whole, table, _BAD).astype(np.uint8)


def indices_of(value: Any, rows: int, what: str) -> list[int]:
    """1-based row numbers as 0-based ones. Raises BadTable for numbers outside 1..rows."""
    numbers = value if isinstance(value, np.ndarray) and value.dtype.kind in "uif" else np.empty(0)
    if not numbers.size or not np.all((numbers >= 1) & (numbers <= rows) & (np.floor(numbers) == numbers)):
        raise BadTable(f"its list {what} does not hold row numbers from 1 to {rows}")
    return [int(number) - 1 for number in numbers.tolist()]


@dataclass(frozen=True, slots=True)
class FlagTable:
    """The labels of one file: `where` names it in refusals, `labels[i]` are the flags of the image `images[i]`."""

    source: str
    where: str
    columns: Sequence[str]
    images: Sequence[str]
    labels: Labels

    def attributes(self, meanings: Meanings, optional: Sequence[str] = ()) -> Iterator[Attribute | Reject]:
        """The label rows of every image, and one refusal per column that is missing or holds anything but 0 and 1.

        `images` must be image ids; columns in `optional` may be missing.
        """
        for name in meanings:
            if (fault := self._fault(name, name in optional)) is not None:
                yield fault
        yield from self._rows(meanings, [name for name in meanings if self._is_usable(name)])

    def _fault(self, name: str, optional: bool) -> Reject | None:
        """The refusal of a column, or of the values in it that are neither 0 nor 1."""
        if name not in self.columns:
            detail = f"The label {name!r} is missing; the file has {', '.join(self.columns[:8])} and so on."
            return None if optional else self._refusal(name, "bad_column", detail)
        if not self._is_usable(name):
            detail = f"The label {name!r} counts from 1, so what its 1 means is unknown; 0 and 1 were expected."
            return self._refusal(name, "bad_base", detail)
        column = self.labels[:, self.columns.index(name)]
        wrong = np.flatnonzero(column > 1)
        if not len(wrong):
            return None
        value = "no whole number" if column[wrong[0]] == _BAD else str(column[wrong[0]])
        detail = f"The label {name!r} is {value} for {self.images[wrong[0]]!r} and odd for {len(wrong)} images in all."
        return self._refusal(name, "impossible_value", f"{detail} 0 and 1 are possible.")

    def _is_usable(self, name: str) -> bool:
        if name not in self.columns:
            return False
        column = self.labels[:, self.columns.index(name)]
        return not len(column) or int(column.max()) < 2 or bool(np.any(column == 0))

    def _rows(self, meanings: Meanings, usable: list[str]) -> Iterator[Attribute | Reject]:
        flags = self.labels[:, [self.columns.index(name) for name in usable]]
        known: dict[bytes, tuple[dict[str, str], list[str]]] = {}
        for image, row in zip(self.images, flags, strict=True):
            word = row.tobytes()
            if word not in known:
                known[word] = said(meanings, usable, row.tolist())
            values, torn = known[word]
            yield from self._values(image, values)
            for why in torn:
                detail = f"The labels exclude each other: {why}."
                yield Reject(
                    table="attributes", source=self.source, subject=image, reason="contradiction", detail=detail
                )

    def _values(self, image: str, values: Mapping[str, str]) -> Iterator[Attribute]:
        for key, value in values.items():
            for part in value.split("|") if VOCABULARY[key].multi else (value,):
                yield Attribute(level="image", key=key, value=part, attribute_source=self.source, image_id=image)

    def _refusal(self, name: str, reason: str, detail: str) -> Reject:
        return Reject(
            table="attributes", source=self.source, subject=f"{self.where}#{name}", reason=reason, detail=detail
        )
