"""Croissant 1.0 metadata of a version (mlcommons.org/croissant): its files as file sets, its tables as record sets.

Lists of structures become repeated fields, one for each of their parts: `turns.text` holds what every turn says.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from schemas.manifest import FileEntry, SourceEntry
from schemas.recipe import Recipe
from schemas.tables import TABLES

CROISSANT = "croissant.json"
_FORMAT = "http://mlcommons.org/croissant/1.0"
_TERMS = [
    "citeAs",
    "column",
    "equivalentProperty",
    "extract",
    "field",
    "fileProperty",
    "fileObject",
    "fileSet",
    "format",
    "includes",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
]
_PREFIXES = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}


def croissant(recipe: Recipe, files: Sequence[FileEntry], sources: Sequence[SourceEntry]) -> bytes:
    """The metadata as JSON-LD. Tables without rows are left out, as they are from the card's configs."""
    groups = dict(_groups(files))
    found = {
        "@context": {**_PREFIXES, **{term: f"cr:{term}" for term in _TERMS}},
        "@type": "sc:Dataset",
        "conformsTo": _FORMAT,
        "name": recipe.name,
        "description": f"{recipe.title}. Instruction data for person re-identification, made by ReIDForge.",
        "version": recipe.version,
        "url": f"urn:reidforge:{recipe.name}",
        "license": sorted({f"{source.title}: {source.licence}" for source in sources}),
        "citeAs": f"{recipe.name}@{recipe.version}, made by ReIDForge from "
        + ", ".join(f"{source.title} ({source.papers})" if source.papers else source.title for source in sources),
        "distribution": [_file_set(name, pattern) for name, (_, pattern) in groups.items()],
        "recordSet": [_record_set(name, table) for name, (table, _) in groups.items()],
    }
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def _groups(files: Sequence[FileEntry]) -> Iterator[tuple[str, tuple[str, str]]]:
    """(name, (table, glob)) for every table and stage that has rows."""
    filled = {entry.table for entry in files if entry.rows}
    for table in TABLES:
        if table in filled and table != "conversations":
            yield table, (table, f"data/{table}/*.parquet")
    for stage in sorted({entry.stage for entry in files if entry.stage and entry.rows}):
        yield f"stage{stage}", ("conversations", f"data/stage{stage}/*.parquet")


def _file_set(name: str, pattern: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{name}-files",
        "name": f"{name}-files",
        "encodingFormat": "application/x-parquet",
        "includes": pattern,
    }


def _record_set(name: str, table: str) -> dict[str, Any]:
    spec = TABLES[table]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"One row per {spec.grain}.",
        "key": [{"@id": f"{name}/{column}"} for column in spec.key],
        "field": [made for column in spec.schema for made in _fields(name, column)],
    }


def _fields(name: str, column: pa.Field) -> Iterator[dict[str, Any]]:
    kind = column.type
    if column.name == "image" and pa.types.is_struct(kind):
        yield _field(name, column.name, "sc:ImageObject", column.name, part="bytes")
        return
    repeated = pa.types.is_list(kind)
    inner = kind.value_type if repeated else kind
    if pa.types.is_struct(inner):
        for part in inner:
            if not pa.types.is_nested(part.type):
                full = f"{column.name}.{part.name}"
                yield _field(name, full, _type(part.type), column.name, part=part.name, repeated=repeated)
    elif not pa.types.is_nested(inner):
        yield _field(name, column.name, _type(inner), column.name, repeated=repeated)


def _field(
    name: str, full: str, kind: str, column: str, part: str | None = None, repeated: bool = False
) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": f"{name}-files"}, "extract": {"column": column}}
    if part:
        source["transform"] = {"jsonPath": part}
    made: Mapping[str, Any] = {"repeated": True} if repeated else {}
    return {"@type": "cr:Field", "@id": f"{name}/{full}", "name": full, "dataType": kind, **made, "source": source}


def _type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
