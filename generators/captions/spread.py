"""How varied texts are, and which stand under two persons in nearly the same words.

All of it is measured on whole columns; texts are folded to small letters, and words are runs of letters.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.keys import Words, hash_ids, mix

_SHINGLE = 3
_HASHES, _BANDS = 32, 8
_COMPARED = 4


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


def near_duplicates(
    texts: pa.ChunkedArray | pa.Array, persons: pa.ChunkedArray | pa.Array, alike: float
) -> npt.NDArray[np.bool_]:
    """Which texts share at least `alike` of their word triples (estimated Jaccard) with a text about another person.

    MinHash (Broder 1997) with 32 hashes in 8 bands; in a band each text is compared with the next few of its bucket, so
    that a bucket of many equal texts stays cheap.
    """
    shingles, owner = _shingles(_split(texts), _SHINGLE)
    found = np.zeros(len(texts), dtype=np.bool_)
    if not len(shingles):
        return found
    rows, starts = np.unique(owner, return_index=True)
    signatures = np.stack([np.minimum.reduceat(mix(shingles, number), starts) for number in range(_HASHES)], axis=1)
    encoded = persons.combine_chunks() if isinstance(persons, pa.ChunkedArray) else persons
    who = encoded.dictionary_encode().indices.to_numpy()[rows]
    for band in np.split(signatures, _BANDS, axis=1):
        order = np.lexsort((*signatures.T, *band.T))
        for step in range(1, _COMPARED + 1):
            one, two = order[:-step], order[step:]
            same = (signatures[one] == signatures[two]).mean(axis=1) >= alike
            near = same & (who[one] != who[two])
            found[rows[one[near]]] = found[rows[two[near]]] = True
    return found
