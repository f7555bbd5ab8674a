"""Digests and key-seeded randomness: a choice depends on what it is about, never on what was drawn before it.

All arrays are uint64. `mix(seed_of("ATTR_QA", 7), hash_ids(anchors), k)` gives one random word per anchor; adding an
image or a question family leaves every other word unchanged. The mixer is the finaliser of splitmix64
(Steele, Lea and Flood, OOPSLA 2014).
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

Words = npt.NDArray[np.uint64]


def canonical_json(value: Any) -> bytes:
    """One byte form per value: sorted keys, no blanks, UTF-8. Raises ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Any) -> str:
    """sha256 (hex) of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def file_sha256(path: Path) -> str:
    """sha256 (hex) of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_revision(*modules: Any) -> str:
    """A digest of the source text of modules: the revision of a declaration that a step depends on.

    A package stands for every file in it.
    """
    return hashlib.sha256(b"\0".join(map(_source, modules))).hexdigest()[:16]


def _source(module: Any) -> bytes:
    if hasattr(module, "__path__"):
        return folder_revision(Path(module.__path__[0])).encode()
    return Path(module.__file__).read_bytes()


def folder_revision(*folders: Path) -> str:
    """A digest of every Python and YAML file below some folders, by relative name and content."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".yaml"}:
                found[f"{folder.name}/{path.relative_to(folder).as_posix()}"] = file_sha256(path)
    return digest(found)[:16]


def hash_ids(ids: Iterable[str]) -> Words:
    """The 64-bit hash of each string (xxh3)."""
    return np.fromiter((xxhash.xxh3_64_intdigest(text.encode()) for text in ids), dtype=np.uint64)


def seed_of(*parts: str | int) -> np.uint64:
    """One 64-bit seed from words and numbers, such as a question's family and the recipe's seed."""
    return np.uint64(xxhash.xxh3_64_intdigest("\x1f".join(str(part) for part in parts).encode()))


def mix(*words: Words | np.uint64 | int) -> Words:
    """One uniform 64-bit word per element from several keys, broadcast against each other; order matters."""
    with np.errstate(over="ignore"):
        state = np.zeros(1, dtype=np.uint64)
        for word in words:
            state = _finalise((state ^ np.asarray(word, dtype=np.uint64)) + np.uint64(0x9E3779B97F4A7C15))
    return state


def _finalise(z: Words) -> Words:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def uniform(words: Words) -> npt.NDArray[np.float64]:
    """Words as numbers in [0, 1)."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(words: Words, n: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Words as integers in [0, n); n may be an array, every n > 0."""
    drawn = (uniform(words) * np.asarray(n)).astype(np.int64)
    return np.asarray(np.minimum(drawn, np.asarray(n) - 1), dtype=np.int64)


def order(words: Words) -> npt.NDArray[np.int64]:
    """A permutation: the order that sorts the words (ties, which are practically absent, by position)."""
    return np.asarray(np.argsort(words, kind="stable"), dtype=np.int64)


def pick(options: Sequence[Any], *key: str | int) -> Any:
    """One of the options, chosen by key; for places that draw a few values rather than millions."""
    return options[int(below(mix(seed_of(*key)), len(options))[0])]
