"""How varied texts are, and which stand under two persons in nearly the same words.

All of it is measured on whole columns; texts are folded to small letters, and words are runs of letters.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.keys import Words, hash_ids, mix

_SHINGLE = 3
_HASHES, _BANDS = 32, 8
_COMPARED = 4
_AT_ONCE = 65_536


class Spread(NamedTuple):
    """Variety of some texts: bits of entropy of their first two words, and the share of distinct pairs of words."""

    opening_bits: float
    distinct_pairs: float


class _Split(NamedTuple):
    """The hashes of all words, end to end, and where each text starts and ends."""

    words: Words
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]


def _split(texts: pa.ChunkedArray | pa.Array) -> _Split:
    folded = pc.replace_substring_regex(pc.utf8_lower(texts), r"[^\p{L}' -]+", "")
    listed = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(folded))
    listed = listed.combine_chunks() if isinstance(listed, pa.ChunkedArray) else listed
    encoded = listed.flatten().dictionary_encode()
    hashes = hash_ids(encoded.dictionary.to_pylist())
    words = hashes[encoded.indices.to_numpy()] if len(hashes) else np.empty(0, dtype=np.uint64)
    ends = np.cumsum(pc.list_value_length(listed).to_numpy().astype(np.int64))
    return _Split(words, np.concatenate([np.zeros(1, dtype=np.int64), ends])[:-1], ends)


def spread(texts: pa.ChunkedArray | pa.Array) -> Spread:
    """The variety of texts; compare only samples of one size, for pairs repeat more the more texts there are."""
    split = _split(texts)
    pairs = _shingles(split, 2)[0]
    long = split.ends - split.starts >= 2
    starts = split.starts[long]
    openings = mix(split.words[starts], split.words[starts + 1]) if len(starts) else pairs
    counts = np.unique(openings, return_counts=True)[1]
    shares = counts / max(int(counts.sum()), 1)
    bits = float(-(shares * np.log2(shares)).sum()) if len(shares) else 0.0
    return Spread(bits, len(np.unique(pairs)) / max(len(pairs), 1))


def _shingles(split: _Split, length: int) -> tuple[Words, npt.NDArray[np.int64]]:
    """The runs of words of every text, and the text each belongs to; a text of fewer words has none."""
    sizes = np.maximum(split.ends - split.starts - length + 1, 0)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    first = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(split.starts, sizes)
    return mix(*(split.words[first + step] for step in range(length))), owner


class Signatures(NamedTuple):
    """MinHash signatures (n, 32) of texts of three words and more, and the place of each among all texts."""

    rows: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint32]


def signatures(texts: pa.ChunkedArray | pa.Array) -> Signatures:
    """What tells how alike texts are (MinHash, Broder 1997), at 128 bytes a text; texts may come in blocks."""
    shingles, owner = _shingles(_split(texts), _SHINGLE)
    rows, starts = np.unique(owner, return_index=True)
    found = np.empty((len(rows), _HASHES), dtype=np.uint32)
    for number in range(_HASHES if len(rows) else 0):
        found[:, number] = np.minimum.reduceat(mix(shingles, number), starts) >> np.uint64(32)
    return Signatures(rows.astype(np.int64), found)


def near_duplicates(found: Signatures, persons: npt.NDArray[Any], alike: float) -> npt.NDArray[np.int64]:
    """The rows that share at least `alike` of their word triples (estimated Jaccard) with a row of another person.

    `persons` has one value per signature. The hashes are compared in 8 bands: in a band each text with the next few
    of its bucket, so that a bucket of many equal texts stays cheap.
    """
    near = np.zeros(len(found.rows), dtype=np.bool_)
    rank = np.empty(len(near), dtype=np.int64)
    rank[np.lexsort(found.hashes.T)] = np.arange(len(rank))
    for band in np.split(found.hashes, _BANDS, axis=1):
        bucket = mix(*(column.astype(np.uint64) for column in band.T))
        order = np.lexsort((rank, bucket))
        for step in range(1, _COMPARED + 1):
            one, two = order[:-step], order[step:]
            open_pairs = (bucket[one] == bucket[two]) & (persons[one] != persons[two]) & ~(near[one] & near[two])
            one, two = one[open_pairs], two[open_pairs]
            for start in range(0, len(one), _AT_ONCE):
                first, second = one[start : start + _AT_ONCE], two[start : start + _AT_ONCE]
                same = (found.hashes[first] == found.hashes[second]).mean(axis=1) >= alike
                near[first[same]] = near[second[same]] = True
    return found.rows[near]
