"""The records of a JSON list one at a time: the caption files of millions of pictures, never whole as objects.

>>> [record["id"] for record in records_of(b'[{"id": 1}, {"id": 2}]', "synthpedes_dataset.json")]
[1, 2]
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from generators.raw_names import Repeated
from schemas.errors import BadTable

LIMIT = 16 << 30
_CHUNK = 1 << 20
_LONGEST = 16 << 20
_BLANKS = re.compile(r"[ \t\r\n]*")


def records_of(data: bytes, what: str) -> Iterator[Any]:
    """The values of a UTF-8 JSON list; an object that gives a key twice becomes `Repeated`.

    Raises BadTable in one sentence where the text stops being such a list; the records before it were given.
    """
    text = _Text(data, what)
    if text.next_letter() != "[":
        raise BadTable(f"{what} does not begin a list of records with '['.")
    text.skip()
    if text.next_letter() == "]":
        return
    while True:
        yield text.value()
        letter = text.next_letter()
        text.skip()
        if letter == "]":
            return
        if letter != ",":
            raise BadTable(f"{what} has {letter!r} after a record; ',' or ']' was expected.")


class _Text:
    """A window that moves over the text of a file."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._what, self._read, self._at, self._window = memoryview(data), what, 0, 0, ""
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_object)

    def next_letter(self) -> str:
        """The next letter that is no blank; empty at the end."""
        while True:
            blanks = _BLANKS.match(self._window, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._more():
                return ""

    def skip(self) -> None:
        """Step over one letter."""
        self._at += 1

    def value(self) -> Any:
        """The next whole value. Raises BadTable when there is none."""
        self.next_letter()
        while True:
            try:
                value, end = self._json.raw_decode(self._window, self._at)
            except RecursionError as error:
                raise BadTable(f"{self._what} is nested too deeply to be a label file.") from error
            except ValueError as error:
                if len(self._window) - self._at > _LONGEST or not self._more():
                    raise BadTable(f"{self._what} is not JSON: {error}.") from error
            else:
                self._at = end
                return value

    def _more(self) -> bool:
        """Read on; false at the end of the file."""
        if self._read >= len(self._data):
            return False
        chunk = self._data[self._read : self._read + _CHUNK]
        self._read += len(chunk)
        try:
            text = self._utf8.decode(chunk, final=self._read >= len(self._data))
        except UnicodeDecodeError as error:
            raise BadTable(f"{self._what} is not UTF-8 text near byte {self._read}.") from error
        self._window, self._at = self._window[self._at :] + text, 0
        return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Repeated(made)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
