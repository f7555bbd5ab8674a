"""The new protocol of CUHK03: `cuhk03_new_protocol_config_labeled.mat` and its twin for the detected boxes.

`filelist` names every image of the variant; `train_idx`, `query_idx` and `gallery_idx` point into it, counting from 1.
"""

from collections.abc import Iterator
from typing import Any

from generators.cuhk03_cells import VARIANTS
from generators.mat_file import read_variable
from schemas.errors import BadRawData, BadTable
from schemas.rows import Reject
from schemas.source import RawTree

CONFIGS = {variant: f"cuhk03_new_protocol_config_{variant}.mat" for variant in VARIANTS}
PARTS = ("train", "query", "gallery")
_LIMIT = 32 << 20
# (variant, file name) -> train, query, gallery, or contradiction.
Splits = dict[tuple[str, str], str]


def read_splits(tree: RawTree, splits: Splits) -> Iterator[Reject]:
    """Adds what the protocol files of a tree say to `splits`, and yields what is wrong with them."""
    for file in tree.files():
        for variant, name in CONFIGS.items():
            if file.relpath.rpartition("/")[2] == name:
                yield from _read_config(tree, file.relpath, variant, splits)


def _read_config(tree: RawTree, relpath: str, variant: str, splits: Splits) -> Iterator[Reject]:
    try:
        data = tree.read(relpath, _LIMIT)
        names = _names(read_variable(data, "filelist"))
        chosen = {part: _numbers(read_variable(data, f"{part}_idx"), part) for part in PARTS}
    except (BadRawData, BadTable) as error:
        yield _refusal(relpath, "damaged", f"The protocol cannot be read from this file: {error}.")
        return
    for part, numbers in chosen.items():
        for number in numbers:
            if not 0 < number <= len(names):
                yield _refusal(relpath, "bad_record", f"{part}_idx points at {number} of {len(names)} names.")
            elif splits.setdefault((variant, names[number - 1]), part) != part:
                splits[variant, names[number - 1]] = "contradiction"
                detail = f"{names[number - 1]!r} is in {part} and in another part; it is used in none."
                yield _refusal(relpath, "contradiction", detail)


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadTable("its filelist is not a cell of names")
    return value


def _numbers(value: Any, part: str) -> list[int]:
    if not hasattr(value, "tolist") or not all(float(number).is_integer() for number in value.tolist()):
        raise BadTable(f"its {part}_idx is not a list of whole numbers")
    return [int(number) for number in value.tolist()]


def _refusal(relpath: str, reason: str, detail: str) -> Reject:
    return Reject(table="person_images", source="cuhk03", subject=relpath, reason=reason, detail=detail)
