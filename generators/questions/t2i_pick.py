"""T2I_PICK: which candidate does a description mean? Each stranger is known to differ from what it says."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from generators.choosing import Units, content, patience_for, turns_of
from generators.claims import Claims
from generators.described import PictureFinder, usable_captions
from generators.galleries import MOST, Gallery, candidate_words, finder_of, gallery, strategies
from generators.pairing import hardness
from generators.quotas import caps_of, fill_quota, shortfall
from schemas.keys import below, mix
from schemas.question import Ask, Draft, Example, Ints, Question

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
    pool, columns = ask.pool, units.columns
    found = Gallery(columns["shown"], columns["rank"], columns["size"], columns["place"])
    text = pool.captions.table.column("text").combine_chunks()
    return Draft(
        images=found.shown,
        roles=("gallery",) * MOST,
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=pa.repeat(pa.scalar("one_match", pa.string()), units.size),
        gold=found.place + 1,
        n_options=found.size,
        texts=columns["caption"][:, None],
        slots={"candidates": candidate_words(found.size, 1), "caption": text.take(pa.array(columns["caption"]))},
        negatives=strategies(pool, units.anchor, found, "contradicts_caption"),
        difficulty=columns["difficulty"] if "shares" in ask.options else None,
        shortfall=shortfall(
            ask, units, "too few captions with a second picture and strangers known to differ from them", ask.rows
        ),
    )


QUESTION = Question(
    title="Which candidate does a description mean?",
    answer="pick1",
    compose=compose,
    default_stage=3,
    examples=(
        Example(
            images=(
                {
                    "person": "ann",
                    "camera": "c1",
                    "upper_color_primary": "red",
                    "caption": "A woman wearing a red jacket.",
                },
                {"person": "ann", "camera": "c2", "upper_color_primary": "red"},
                {"person": "bob", "camera": "c2", "upper_color_primary": "green"},
                {"person": "cid", "camera": "c2", "upper_color_primary": "red"},
                {"person": "dan", "camera": "c2", "upper_color_primary": "green"},
            ),
            rows=1,
            answers=("Image 2",),
        ),
    ),
)
