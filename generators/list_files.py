"""List files of a raw dataset: one image per line, plain text, any line ends, blank lines allowed.

`list_lines(tree, "list_train.txt")` yields `(1, "0000/0000_000_01_0303morning_0008_0.jpg 0")` and so on.
"""

from collections.abc import Iterator

from schemas.errors import BadRawData, BadTable
from schemas.rows import Reject
from schemas.source import RawTree

_LIMIT = 64 << 20


def list_lines(tree: RawTree, relpath: str) -> Iterator[tuple[int, str]]:
    """The numbered lines of a list that are not blank. Raises BadTable when the file is not plain text."""
    text = list_text(tree, relpath)
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        if stripped := line.strip():
            yield number, stripped


def list_text(tree: RawTree, relpath: str) -> str:
    """The text of a list. Raises BadTable when it is missing, far too large or not plain text."""
    try:
        return tree.read(relpath, _LIMIT).decode("ascii")
    except BadRawData as error:
        raise BadTable(f"The list {relpath!r} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise BadTable(f"The list {relpath!r} is not plain text: byte {error.start} is no ASCII.") from error


def bad_list(source: str, relpath: str, error: BadTable) -> Reject:
    """The refusal of a whole list."""
    return Reject(table="person_images", source=source, subject=relpath, reason="damaged", detail=str(error))


def bad_line(source: str, relpath: str, number: int, reason: str, detail: str) -> Reject:
    """The refusal of one line of a list."""
    subject = f"{relpath} line {number}"
    return Reject(table="person_images", source=source, subject=subject, reason=reason, detail=detail)
