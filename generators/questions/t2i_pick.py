"""T2I_PICK: which candidate does a description mean? Each stranger is known to differ from what it says."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from generators.choosing import Units, content, patience_for, turns_of
from generators.claims import Claims
from generators.described import PictureFinder, caption_gallery, usable_captions
from generators.galleries import Gallery, finder_of, gallery, strategies
from generators.pairing import hardness
from generators.quotas import caps_of, fill_quota
from generators.toys import in_tops
from schemas.keys import below, mix
from schemas.question import CAPTIONS, STRANGERS, Ask, Draft, Example, Ints, Question

WORDS = (5, 40)


def compose(ask: Ask) -> Draft:
    """Rows of a caption and a gallery; the match is another picture of the person in the caption's outfit."""
    captions = usable_captions(ask, *WORDS)
    levels = _levels(ask, captions, caps_of(ask).image)
    return _draft(ask, fill_quota(ask, levels, ask.rows, patience_for(captions)))


def _levels(ask: Ask, usable: Ints, most: int) -> Iterator[Units]:
    pool, finder, pictures = ask.pool, finder_of(ask), PictureFinder(ask)
    claims = Claims(pool)
    words = np.append(pool.words, np.uint64(0))
    for k, captions, word in turns_of(usable, pool.captions.words[usable], ask.seed, most):
        own, match = pool.captions.image[captions], pictures.find(captions, word)
        found = gallery(finder, own, match, word, also=claims.against(captions))
        columns = {"shown": found.shown, "rank": found.rank, "size": found.size, "place": found.place}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        columns |= {"difficulty": hardness(found.rank)}
        seen = [words[column] for column in found.shown.T]
        shown = (content(pool.captions.texts[captions], *seen),)
        units = Units(own, np.full(len(own), k), word, columns | {"caption": captions}, shown)
        yield units.take(found.whole)


def _draft(ask: Ask, units: Units) -> Draft:
    columns = units.columns
    found = Gallery(columns["shown"], columns["rank"], columns["size"], columns["place"])
    lacking = "too few captions with a second picture and strangers known to differ from them"
    draft = caption_gallery(ask, units, "one_match", lacking)
    negatives = strategies(ask.pool, units.anchor, found, "contradicts_caption")
    return dataclasses.replace(draft, gold=found.place + 1, negatives=negatives)


QUESTION = Question(
    title="Which candidate does a description mean?",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *CAPTIONS),
    default_stage=3,
    examples=(
        Example(
            images=in_tops({"bob": "green", "cid": "red", "dan": "green"}, caption="A woman wearing a red jacket."),
            rows=1,
            answers=("Image 2",),
        ),
    ),
)
