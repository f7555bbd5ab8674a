"""CAP_STYLE: say a given description again in another style; what it states of the person stays the same.

The answer is another caption of the same picture, in the style that is asked for, that states exactly the same
attributes, those of the person too, when both are read by the closed vocabulary. What the reader notices but cannot
read, such as shoes of no known kind or dots on a shirt, is spoken of by both or by neither.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.choosing import Ring, Units, content, first_allowed, patience_for, turns_of
from generators.described import quoted
from generators.quotas import caps_of, fill_quota, shortfall
from generators.sayings import Sayings
from generators.wording import words_at
from schemas.keys import below, mix
from schemas.question import NOBODY, Ask, Draft, Example, Flags, Ints, Question
from schemas.vocabulary import VOCABULARY


def compose(ask: Ask) -> Draft:
    """Rows of a picture, a caption to say again, and the same in another style."""
    styles, code = _styles(ask)
    captions = np.flatnonzero((ask.pool.captions.n_words >= 5) & (ask.pool.captions.n_words <= 110))
    levels = _levels(ask, captions, code)
    names = {"subtask": styles}
    return _draft(ask, fill_quota(ask, levels, ask.rows, patience_for(captions), names), styles)


def _styles(ask: Ask) -> tuple[list[str], Ints]:
    """The styles that can be asked for, and the style of every caption; NOBODY where it can only be the given one."""
    names = list(ask.words["manner"])
    style = ask.pool.captions.table.column("style").combine_chunks()
    at = pc.fill_null(pc.index_in(style, value_set=pa.array(names)), NOBODY)
    return names, np.asarray(at.to_numpy(zero_copy_only=False), dtype=np.int64)


def _levels(ask: Ask, usable: Ints, style: Ints) -> Iterator[Units]:
    told, sayings = ask.pool.captions, Sayings(ask.pool, tuple(VOCABULARY), topics=True)
    short = np.zeros(len(told.image), dtype=np.bool_)
    short[usable] = True
    cells = np.where(short & (style >= 0), told.image, NOBODY)
    ring = Ring(cells, mix(ask.seed, told.words, 121))
    for k, captions, word in turns_of(usable, told.words[usable], ask.seed, caps_of(ask).image):

        def same_said(rows: Ints, members: Ints, given: Ints = captions) -> Flags:
            said = sayings.code(given[rows])
            apart = (style[given[rows]] != style[members]) & (told.texts[given[rows]] != told.texts[members])
            return np.asarray(apart & (said > 0) & (said == sayings.code(members)))

        again = first_allowed(ring, told.image[captions], mix(word, 122), same_said)
        paraphrase = ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]
        wanted = style[np.maximum(again, 0)]
        columns = {"caption": captions, "again": again, "subtask": wanted, "paraphrase": paraphrase}
        own = told.image[captions]
        texts = told.texts[captions]
        shown = (content(ask.pool.words[own], texts, wanted.astype(np.uint64), paraphrase.astype(np.uint64)),)
        yield Units(own, np.full(len(own), k), word, columns, shown).take(again >= 0)


def _draft(ask: Ask, units: Units, styles: list[str]) -> Draft:
    columns = units.columns
    reason = "too few pictures with captions in two styles that state the same"
    return Draft(
        images=units.anchor[:, None],
        roles=("query",),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=words_at(styles, columns["subtask"]),
        answer=quoted(ask.pool, columns["again"]),
        texts=columns["caption"][:, None],
        slots={
            "caption": quoted(ask.pool, columns["caption"]),
            "manner": words_at(list(ask.words["manner"].values()), columns["subtask"]),
        },
        shortfall=shortfall(ask, units, reason, ask.rows, {"subtask": styles}),
    )


QUESTION = Question(
    title="The same description in another style",
    answer="caption",
    compose=compose,
    options=("confidence",),
    examples=(
        Example(
            images=(
                {
                    "person": "ann",
                    "camera": "c1",
                    "captions": (
                        (None, "A woman who wears a red coat."),
                        ("inventory", "Seen: a woman. Wearing: a red coat."),
                    ),
                },
            ),
            rows=1,
            answers=("Seen: a woman. Wearing: a red coat.",),
        ),
    ),
)
