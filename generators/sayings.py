"""What captions say, as records: each distinct text is read once, when it is first asked about.

    sayings = Sayings(pool)
    sayings.code(captions)     # equal numbers for captions that say the same; 0 for those that say nothing plainly
    sayings.records[code]      # {"upper_color_primary": "red", "backpack": "no"}

Only attributes that a crop can show and that are not sensitive are kept, unless other keys are asked for; texts are
read by generators.captions.attribute_read. With `topics`, captions that say the same have equal numbers only where they
speak of the same things too: not where one tells of shoes or dots that cannot be read.
"""

from collections.abc import Sequence

import numpy as np

from generators.captions.attribute_read import read, read_fully
from schemas.question import NOBODY, Flags, Ints, Pool
from schemas.vocabulary import VOCABULARY

KEYS = tuple(key for key, declared in VOCABULARY.items() if not declared.sensitive)


class Sayings:
    """The records of the captions of a pool, by `keys` of the vocabulary."""

    def __init__(self, pool: Pool, keys: Sequence[str] = KEYS, topics: bool = False) -> None:
        self._keys = frozenset(keys)
        self._topics = topics
        self._text = pool.captions.table.column("text")
        self._code = np.full(len(pool.captions.image), NOBODY, dtype=np.int64)
        self._known: dict[tuple[object, ...], int] = {}
        self.records: list[dict[str, str]] = [{}]
        self._stated = np.zeros((0, len(KEYS)), dtype=np.bool_)

    def code(self, captions: Ints) -> Ints:
        """The number of the record of each caption."""
        new = np.unique(captions[self._code[captions] == NOBODY])
        if len(new):
            texts = self._text.take(new).combine_chunks().dictionary_encode()
            codes = np.array([self._learn(text) for text in texts.dictionary.to_pylist()], dtype=np.int64)
            self._code[new] = codes[texts.indices.to_numpy()]
        return self._code[captions]

    def stated(self, captions: Ints) -> Flags:
        """Which of KEYS each caption states, (captions, keys)."""
        code = self.code(captions)
        new = [[key in record for key in KEYS] for record in self.records[len(self._stated) :]]
        if new:
            self._stated = np.concatenate([self._stated, np.array(new, dtype=np.bool_)])
        return np.asarray(self._stated[code])

    def _learn(self, text: str) -> int:
        everything, topics = read_fully(text) if self._topics else (read(text), frozenset())
        said = {key: value for key, value in everything.items() if key in self._keys}
        if not said:
            return 0
        name = (topics, *said.items())
        if name not in self._known:
            self._known[name] = len(self.records)
            self.records.append(said)
        return self._known[name]
