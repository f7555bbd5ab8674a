"""T2I_SET: which of the candidates does a description fit? Several, one, or none in some 15 % of rows.

Every stranger is known to differ from what the description says; the matches are other pictures of the person in the
outfit that is described, never the one that the description was written from.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from generators.choosing import Ring, Units, cells_of, content, first_allowed, patience_for, turns_of
from generators.claims import Claims
from generators.described import caption_gallery, usable_captions
from generators.galleries import finder_of
from generators.pairing import hardness
from generators.pool import nearly_same
from generators.quotas import caps_of, fill_quota
from generators.sets import Again, SetGallery, set_gallery, set_negatives
from generators.toys import in_tops
from schemas.keys import Words, below, mix
from schemas.question import CAPTIONS, STRANGERS, Ask, Draft, Example, Flags, Ints, Pool, Question

WORDS = (5, 40)


def compose(ask: Ask) -> Draft:
    """Rows of a caption and a gallery."""
    captions = usable_captions(ask, *WORDS)
    levels = _levels(ask, captions, caps_of(ask).image)
    return _draft(ask, fill_quota(ask, levels, ask.rows, patience_for(captions)))


def _levels(ask: Ask, usable: Ints, most: int) -> Iterator[Units]:
    pool, finder, claims = ask.pool, finder_of(ask), Claims(ask.pool)
    cells = cells_of(pool.source, pool.person, pool.clothes + 1, pool.modality)
    ring = Ring(cells, mix(ask.seed, pool.words, 11))
    words = np.append(pool.words, np.uint64(0))
    for k, captions, word in turns_of(usable, pool.captions.words[usable], ask.seed, most):
        own = pool.captions.image[captions]
        again = _others(pool, ring, cells, own)
        match = again(mix(word, 12), own[:, None])
        found = set_gallery(finder, own, match, word, again, claims.against(captions))
        columns = {"shown": found.shown, "rank": found.rank, "hits": found.hits, "size": found.size}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))], "caption": captions}
        columns |= {"difficulty": hardness(found.rank)}
        seen = content(pool.captions.texts[captions], *(words[column] for column in found.shown.T))
        yield Units(own, np.full(len(own), k), word, columns, (seen,)).take(found.size > 0)


def _others(pool: Pool, ring: Ring, cells: Ints, own: Ints) -> Again:
    """Further pictures of the person in the outfit, none of them taken, the caption's own or a near-duplicate of it."""

    def again(word: Words, taken: Ints) -> Ints:
        def allowed(rows: Ints, members: Ints) -> Flags:
            return np.asarray(~nearly_same(pool, members, own[rows]) & (taken[rows] != members[:, None]).all(axis=1))

        return first_allowed(ring, cells[own], word, allowed)

    return again


def _draft(ask: Ask, units: Units) -> Draft:
    columns = units.columns
    found = SetGallery(columns["shown"], columns["rank"], columns["hits"], columns["size"])
    lacking = "too few captions with other pictures and strangers known to differ from them"
    draft = caption_gallery(ask, units, "any_number", lacking)
    negatives = set_negatives(ask.pool, units.anchor, found, "contradicts_caption")
    return dataclasses.replace(draft, gold=found.gold, negatives=negatives)


QUESTION = Question(
    title="Which candidates does a description fit?",
    answer="set",
    compose=compose,
    options=(*STRANGERS, *CAPTIONS),
    default_stage=3,
    examples=(
        Example(
            images=in_tops(
                {"bob": "green", "cid": "green", "dan": "green", "eve": "red"}, caption="A woman wearing a red jacket."
            ),
            rows=1,
            answers=("Images 4",),
        ),
    ),
)
