"""Captions for questions: which ones are usable, and which picture one may be asked about."""

import numpy as np
import pyarrow as pa

from generators.choosing import Ring, Units, cells_of, first_allowed
from generators.galleries import MOST, candidate_words
from generators.pool import nearly_same, whole
from generators.quotas import shortfall
from generators.wording import coded_words
from schemas.keys import Words, mix
from schemas.question import Ask, Draft, Flags, Ints, Pool


class PictureFinder:
    """Finds another picture of the person a caption describes, in the same outfit and modality.

    Never the caption's own picture nor a near-duplicate of it: to see what the words were written about is no search.
    """

    def __init__(self, ask: Ask) -> None:
        pool = self._pool = ask.pool
        self._cells = cells_of(pool.source, pool.person, pool.clothes + 1, pool.modality)
        self._ring = Ring(self._cells, mix(ask.seed, pool.words, 11))

    def find(self, captions: Ints, word: Words) -> Ints:
        """A picture per caption; NOBODY where there is none."""
        own = self._pool.captions.image[captions]

        def allowed(rows: Ints, members: Ints) -> Flags:
            return ~nearly_same(self._pool, members, own[rows])

        return first_allowed(self._ring, self._cells[own], mix(word, 12), allowed)


def texts_of(pool: Pool, captions: Ints) -> pa.Array:
    """The words of captions."""
    return whole(pool.captions.table.column("text")).take(pa.array(captions))


def quoted(pool: Pool, captions: Ints) -> pa.Array:
    """The words of captions as a draft keeps them: as numbers that point into the pool's table."""
    return coded_words(whole(pool.captions.table.column("text")), captions)


def usable_captions(ask: Ask, least: int, most: int) -> Ints:
    """The captions of `least` to `most` words; recipe options `min_words` and `max_words` override both."""
    n_words = ask.pool.captions.n_words
    low, high = int(ask.options.get("min_words", least)), int(ask.options.get("max_words", most))
    return np.asarray(np.flatnonzero((n_words >= low) & (n_words <= high)), dtype=np.int64)


def caption_gallery(ask: Ask, units: Units, subtask: str, lacking: str) -> Draft:
    """The draft of a caption and a gallery; what is right, and how each stranger came in, is still open."""
    columns = units.columns
    return Draft(
        images=columns["shown"],
        roles=("gallery",) * MOST,
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=pa.repeat(pa.scalar(subtask, pa.string()), units.size),
        n_options=columns["size"],
        texts=columns["caption"][:, None],
        slots={
            "candidates": candidate_words(columns["size"], 1),
            "caption": quoted(ask.pool, columns["caption"]),
        },
        difficulty=columns["difficulty"] if "shares" in ask.options else None,
        shortfall=shortfall(ask, units, lacking, ask.rows),
    )
