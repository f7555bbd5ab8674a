"""I2T_PICK: which of four notes describes the person? Each wrong note says something that the picture contradicts.

All four come from one source, one author and one style, are about equally long and were written about pictures of one
modality (what is said of infrared has no colour), so that nothing but the picture tells them apart. The right one was
written about another picture of the person in the same outfit.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.choosing import Ring, Units, cells_of, content, first_allowed, patience_for, turns_of
from generators.claims import Claims
from generators.described import PictureFinder, texts_of, usable_captions
from generators.pool import codes
from generators.quotas import caps_of, fill_quota, shortfall
from schemas.keys import below, mix
from schemas.question import CAPTIONS, NOBODY, STRATEGIES, Ask, Draft, Example, Flags, Ints, Question

WORDS = (5, 60)
OPTIONS = 4
_WORDS_PER_CELL = 4


def compose(ask: Ask) -> Draft:
    """Rows of a picture and four captions."""
    captions = usable_captions(ask, *WORDS)
    levels = _levels(ask, captions, caps_of(ask).image)
    return _draft(ask, fill_quota(ask, levels, ask.rows, patience_for(captions)))


def _levels(ask: Ask, usable: Ints, most: int) -> Iterator[Units]:
    pool, pictures, claims = ask.pool, PictureFinder(ask), Claims(ask.pool)
    ring, cells = _alike(ask, usable)
    for k, captions, word in turns_of(usable, pool.captions.words[usable], ask.seed, most):
        picture = pictures.find(captions, word)
        picture = np.where(claims.said(captions), picture, NOBODY)
        others = np.full((len(captions), OPTIONS - 1), NOBODY, dtype=np.int64)
        for column in range(OPTIONS - 1):
            allowed = _wrong(ask, claims, captions, picture, others[:, :column])
            wanted = np.where(picture >= 0, cells[captions], NOBODY)
            others[:, column] = first_allowed(ring, wanted, mix(word, 71, column), allowed)
        place = below(mix(word, 23), OPTIONS)
        columns = {"notes": _placed(captions, others, place), "place": place, "picture": picture}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        seen = content(pool.words[picture], *(pool.captions.texts[note] for note in columns["notes"].T))
        own = pool.captions.image[captions]
        units = Units(own, np.full(len(own), k), word, columns, (seen,))
        yield units.take((picture >= 0) & (others >= 0).all(axis=1))


def _alike(ask: Ask, usable: Ints) -> tuple[Ring, Ints]:
    """A ring of captions whose cells hold those of one source, modality, author, style and length."""
    captions = ask.pool.captions
    author, style = (codes(captions.table.column(name)) for name in ("caption_source", "style"))
    own, length = captions.image, captions.n_words // _WORDS_PER_CELL
    cells = cells_of(ask.pool.source[own], ask.pool.modality[own], author + 1, style + 1, length)
    unused = np.ones(len(cells), dtype=np.bool_)
    unused[usable] = False
    cells = np.where(unused, NOBODY, cells)
    return Ring(cells, mix(ask.seed, captions.words, 72)), cells


def _wrong(ask: Ask, claims: Claims, captions: Ints, picture: Ints, taken: Ints) -> Callable[[Ints, Ints], Flags]:
    """A condition on notes: of other persons than the picture and the notes taken, in other words, and contradicted."""
    pool = ask.pool
    person = pool.person[pool.captions.image]

    def allowed(rows: Ints, members: Ints) -> Flags:
        fine = np.asarray(person[members] != person[captions[rows]])
        fine &= pool.captions.texts[members] != pool.captions.texts[captions[rows]]
        for column in taken.T:
            other = column[rows]
            fine &= (person[members] != person[other]) & (pool.captions.texts[members] != pool.captions.texts[other])
        fine[fine] = claims.contradicted(members[fine], picture[rows[fine]])
        return fine

    return allowed


def _placed(right: Ints, others: Ints, place: Ints) -> Ints:
    """The notes in order of display, the right one at its place."""
    columns = np.broadcast_to(np.arange(OPTIONS), (len(right), OPTIONS))
    source = np.clip(columns - (columns > place[:, None]), 0, OPTIONS - 2)
    return np.where(columns == place[:, None], right[:, None], np.take_along_axis(others, source, axis=1))


def _draft(ask: Ask, units: Units) -> Draft:
    columns = units.columns
    wrong = np.arange(OPTIONS) != columns["place"][:, None]
    return Draft(
        images=columns["picture"][:, None],
        roles=("query",),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=pa.repeat(pa.scalar("four_notes", pa.string()), units.size),
        gold=columns["place"] + 1,
        lettered=True,
        n_options=np.full(units.size, OPTIONS),
        texts=columns["notes"],
        text_role="option",
        text_strategies=np.where(wrong, STRATEGIES.index("contradicts_picture"), NOBODY),
        slots={"notes": _notes(ask, columns["notes"])},
        shortfall=shortfall(
            ask, units, "too few captions with a second picture and like captions that it contradicts", ask.rows
        ),
    )


def _notes(ask: Ask, notes: Ints) -> pa.Array:
    """`A: … B: … C: … D: …`."""
    said = [texts_of(ask.pool, column) for column in notes.T]
    lettered = [pc.binary_join_element_wise(f"{chr(65 + at)}:", column, " ") for at, column in enumerate(said)]
    return pc.binary_join_element_wise(*lettered, " ")


QUESTION = Question(
    title="Which note describes the person?",
    answer="pick1",
    compose=compose,
    options=CAPTIONS,
    default_stage=3,
    examples=(
        Example(
            images=tuple(
                {"person": name, "camera": "c1", "upper_color_primary": colour} | said
                for name, colour, said in (
                    ("ann", "red", {"caption": "A person wearing a red jacket."}),
                    ("ann", "red", {}),
                    ("bob", "green", {"caption": "A person wearing a green jacket."}),
                    ("cid", "black", {"caption": "A person wearing a black jacket."}),
                    ("dan", "purple", {"caption": "A person wearing a purple jacket."}),
                )
            ),
            rows=1,
            answers=("Option A",),
        ),
    ),
)
