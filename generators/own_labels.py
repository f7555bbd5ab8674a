"""Labels that a user brings: `attributes.parquet` and `captions.jsonl` in a dataset's folder or beside it.

attributes.parquet has the columns image, person, clothes (any of them), key, value, and optionally visible and
confidence. A row speaks of the narrowest thing it names: an image, an outfit (person and clothes), or a person, each
as in the raw data (`query/0001_c1s1_001051_00.jpg`, `0001`, `1`) or as our key. captions.jsonl has one
`{"image": "query/0001_c1s1_001051_00.jpg", "text": "A man ...", "language": "en"}` a line. Beside a folder
`LTCC_ReID` the files are called `LTCC_ReID.attributes.parquet` and `LTCC_ReID.captions.jsonl`.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from generators.raw_names import Repeated, plain_text, strict_json
from generators.raw_tree import StoredTree
from schemas.errors import BadRawData, BadTable
from schemas.later import Later
from schemas.rows import Attribute, Caption, Reject
from schemas.source import RawFile
from schemas.vocabulary import UNKNOWN, VOCABULARY, is_valid

pq = Later("pyarrow.parquet")

ATTRIBUTES = "attributes.parquet"
CAPTIONS = "captions.jsonl"
OWN = "own_labels"
_SUBJECTS = ("image", "person", "clothes")
_COLUMNS = (*_SUBJECTS, "key", "value", "visible", "confidence")
_LINE_KEYS = {"image", "text", "language"}
_LIMIT = 1 << 28
_LONGEST = 8_000


@dataclass(frozen=True, slots=True)
class Known:
    """The subjects a label may have: image ids with their person keys, persons by raw id and
    by key, outfits by key and by person key and raw number (`ltcc:001/1`)."""

    source: str
    images: Mapping[str, str | None]
    persons: Mapping[str, str]
    clothes: Mapping[str, str]


def find_own(tree: StoredTree) -> list[tuple[RawFile, Callable[[], bytes]]]:
    """The label files of a dataset, in its folder and beside it: as listed (name, size, time), and what reads them."""
    files = tree.files()
    found: list[tuple[RawFile, Callable[[], bytes]]] = []
    for name in (ATTRIBUTES, CAPTIONS):
        if files.holds(name):
            found.append((files[files.place(name)], partial(tree.read, name, _LIMIT)))
        listed, path = f"../{tree.label}.{name}", tree.beside / f"{tree.label}.{name}"
        if path.is_file() and not path.is_symlink():
            facts = path.stat()
            found.append((RawFile(listed, facts.st_size, facts.st_mtime_ns), partial(_read_file, path, listed)))
    return found


def read_own(name: str, data: bytes, known: Known) -> Iterator[Attribute | Caption | Reject]:
    """The rows of one label file; a row that does not fit is a reject with its file and row number."""
    if name.endswith(CAPTIONS):
        yield from _captions(name, data, known)
    else:
        yield from _attributes(name, data, known)


def _read_file(path: Path, name: str) -> bytes:
    """The bytes of a label file. Raises BadRawData when it cannot be read or is far too large."""
    try:
        if path.stat().st_size > _LIMIT:
            raise BadRawData(f"The label file {name!r} is larger than {_LIMIT} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise BadRawData(f"The label file {name!r} cannot be read ({error.strerror}).") from error


def _attributes(name: str, data: bytes, known: Known) -> Iterator[Attribute | Reject]:
    try:
        table = _table(name, data)
    except BadTable as error:
        yield _refusal("attributes", known, name, "damaged", str(error))
        return
    number = 0
    for batch in table.to_batches(max_chunksize=4_096):
        for row in batch.to_pylist():
            number += 1
            yield _attribute(f"{name} row {number}", row, known)


def _table(name: str, data: bytes) -> pa.Table:
    """The known columns, text columns as text. Raises BadTable in one sentence."""
    try:
        with pq.ParquetFile(io.BytesIO(data)) as file:
            columns = file.schema_arrow.names
            _check_columns(name, columns)
            table = file.read(columns=[column for column in columns if column in _COLUMNS])
            return table.cast(pa.schema([pa.field(column, _kind(column)) for column in table.column_names]))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadTable(f"The label file {name!r} is not a readable Parquet table: {_first_line(error)}") from error


def _check_columns(name: str, columns: list[str]) -> None:
    lost = [column for column in ("key", "value") if column not in columns]
    strange = sorted(set(columns) - set(_COLUMNS))
    if lost or strange or not set(columns) & set(_SUBJECTS) or len(set(columns)) < len(columns):
        wanted = "key, value, at least one of image, person, clothes, and perhaps visible, confidence"
        raise BadTable(f"The label file {name!r} has the columns {', '.join(columns)}; expected are {wanted}.")


def _kind(column: str) -> pa.DataType:
    return {"visible": pa.bool_(), "confidence": pa.float32()}.get(column, pa.string())


def _attribute(where: str, row: Mapping[str, Any], known: Known) -> Attribute | Reject:
    key, value = row["key"] or "", row["value"] or ""
    subject = _subject(row, known)
    if isinstance(subject, str):
        return _refusal("attributes", known, where, "unknown_subject", subject)
    if key not in VOCABULARY:
        return _refusal("attributes", known, where, "unknown_key", f"The key {key!r} is not in the vocabulary.")
    if not is_valid(key, value):
        allowed = ", ".join(VOCABULARY[key].values)
        detail = f"The value {value!r} is not one of {key}: {allowed}, {UNKNOWN} or not_visible."
        return _refusal("attributes", known, where, "unknown_value", detail)
    confidence = row.get("confidence")
    if confidence is not None and not 0 <= confidence <= 1:
        return _refusal("attributes", known, where, "impossible_value", f"The confidence {confidence} is not in 0..1.")
    return Attribute(
        key=key, value=value, attribute_source=OWN, visible=row.get("visible"), confidence=confidence, **subject
    )


def _subject(row: Mapping[str, Any], known: Known) -> dict[str, str] | str:
    """The level and key that a row speaks of, or why it speaks of nothing here."""
    image, person, clothes = (row.get(name) or None for name in _SUBJECTS)
    if image:
        image_id = _image_id(image, known)
        return {"level": "image", "image_id": image_id} if image_id else f"There is no image {image!r} here."
    if clothes:
        outfit = known.clothes.get(clothes) or known.clothes.get(f"{known.persons.get(person or '')}/{clothes}")
        return (
            {"level": "clothes", "clothes_key": outfit} if outfit else f"There is no outfit {clothes!r} of {person!r}."
        )
    if person:
        found = known.persons.get(person)
        return {"level": "person", "person_key": found} if found else f"There is no person {person!r} here."
    return "The row names neither an image nor a person nor clothes."


def _image_id(name: str, known: Known) -> str | None:
    for candidate in (name, f"{known.source}/{name}"):
        if candidate in known.images:
            return candidate
    return None


def _captions(name: str, data: bytes, known: Known) -> Iterator[Caption | Reject]:
    taken: dict[str, int] = {}
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield _caption(f"{name} row {number}", line, known, taken)


def _caption(where: str, line: bytes, known: Known, taken: dict[str, int]) -> Caption | Reject:
    payload = hashlib.sha256(line).hexdigest()
    try:
        record = strict_json(line, where)
    except BadTable as error:
        return _refusal("captions", known, where, "damaged", str(error), payload)
    if fault := _line_fault(record):
        return _refusal("captions", known, where, "bad_record", fault, payload)
    image_id = _image_id(record["image"], known)
    if image_id is None:
        detail = f"There is no image {record['image']!r} here."
        return _refusal("captions", known, where, "unknown_subject", detail, payload)
    index = taken[image_id] = taken.get(image_id, -1) + 1
    return Caption(
        caption_id=f"{image_id}#own{index}",
        image_id=image_id,
        person_key=known.images[image_id],
        caption_index=index,
        text_raw=record["text"],
        text=plain_text(record["text"]),
        language=record.get("language", "en"),
    )


def _line_fault(record: Any) -> str | None:
    """What is wrong with a caption record, in one sentence; None for a usable one."""
    if not isinstance(record, dict) or isinstance(record, Repeated):
        return "The line is not one JSON object with each key once."
    if strange := sorted(set(record) - _LINE_KEYS):
        return f"The key {strange[0]!r} is not known; image, text and language are."
    if not all(isinstance(record.get(name, ""), str) for name in _LINE_KEYS):
        return "The image, text and language must be text."
    text = record.get("text", "")
    if not record.get("image") or not any(letter.isalpha() for letter in text):
        return "The line needs an image and a text that says something."
    if len(text) > _LONGEST:
        return f"The text has {len(text)} characters; at most {_LONGEST} are accepted."
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text + record.get("language", "")):
        return "The text holds half of a surrogate pair, which is no character."
    return None


def _refusal(table: str, known: Known, where: str, reason: str, detail: str, payload: str | None = None) -> Reject:
    return Reject(table=table, source=known.source, subject=where, reason=reason, detail=detail, payload_sha256=payload)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
