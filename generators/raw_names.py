"""Small helpers that several sources share: which names claim to be images, refusals, strict JSON, plain text."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from schemas.errors import BadTable
from schemas.rows import Reject
from schemas.source import RawFile, RawTree

Value = TypeVar("Value")

IMAGE_SUFFIXES = frozenset({"jpg", "jpeg", "jpe", "jfif", "png", "bmp", "gif", "webp", "tif", "tiff"})

_BLANKS = re.compile(r"\s+")
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\ufeff\ud800-\udfff]")


def claims_image(relpath: str) -> bool:
    """Whether a name says that it is an image, by its last suffix."""
    return relpath.endswith(".jpg") or relpath.rpartition(".")[2].lower() in IMAGE_SUFFIXES


def images_of(tree: RawTree) -> Iterable[RawFile]:
    """The files of a tree whose names claim to be images, in path order."""
    return (file for file in tree.files() if claims_image(file.relpath))


def each(words: Sequence[str], make: Callable[[str], Value]) -> list[Value]:
    """What `make` says of each word, asked once a word: names repeat the same few in their thousands."""
    made = {word: make(word) for word in set(words)}
    return list(map(made.__getitem__, words))


def bad_name(source: str, relpath: str, form: str) -> Reject:
    """The refusal of an image whose name is outside the dataset's grammar; `form` shows a good name."""
    detail = f"The name {relpath.rpartition('/')[2]!r} does not have the form {form!r}."
    return Reject(table="images", source=source, subject=f"{source}/{relpath}", reason="bad_name", detail=detail)


def unknown_folder(source: str, relpath: str, folders: Iterable[str]) -> Reject:
    """The refusal of an image that stands in a folder the dataset does not have."""
    detail = f"Images of this dataset stand in {', '.join(folders)}; this one does not."
    return Reject(table="images", source=source, subject=f"{source}/{relpath}", reason="unknown_folder", detail=detail)


def strict_json(data: bytes, what: str) -> Any:
    """The value of UTF-8 JSON bytes; objects with a key twice become `Repeated`. Raises BadTable in one sentence."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise BadTable(f"{what} is not UTF-8 text: byte {error.start} cannot be decoded.") from error
    except RecursionError as error:
        raise BadTable(f"{what} is nested too deeply to be a label file.") from error
    except ValueError as error:
        raise BadTable(f"{what} is not JSON: {error}.") from error


class Repeated(dict[str, Any]):
    """A JSON object that gave one of its keys more than once, so that it has no single meaning."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Repeated(made)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def plain_text(raw: str) -> str:
    """A human text on one line: no control or invisible characters, single blanks, a final stop."""
    text = _BLANKS.sub(" ", _UNSPEAKABLE.sub("", raw)).strip()
    return text if not text or text[-1] in ".!?" else f"{text.rstrip(',;: ')}."
