"""CAP_STRUCT: describe the person in a given form: parts in a given order, one sentence per part, or one for all.

The answer is put together from the picture's record; a prompt only names parts of which something is known.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.choosing import Units, content, draws, patience_for, turns_of
from generators.portraits import PARTS, Portraits, in_words, joined
from generators.quotas import caps_of, fill_quota, shortfall
from generators.toys import DRESSED
from generators.wording import words_at
from schemas.keys import below, mix
from schemas.question import NOBODY, Ask, Draft, Example, Flags, Ints, Question

FORMS = ("order", "sentences", "one_sentence")
MOST = 5
LEAST = 3


def compose(ask: Ask) -> Draft:
    """Rows over (picture, form, order of parts); every turn asks a picture for another form or order."""
    portraits = Portraits(ask.pool)
    known = portraits.known_parts()
    anchors = np.flatnonzero(known.sum(axis=1) >= LEAST)
    levels = _levels(ask, anchors, known)
    units = fill_quota(ask, levels, ask.rows, patience_for(anchors), {"subtask": FORMS})
    return _draft(ask, units, portraits)


def _levels(ask: Ask, everybody: Ints, known: Flags) -> Iterator[Units]:
    for k, anchors, word in turns_of(everybody, ask.pool.words[everybody], ask.seed, caps_of(ask).image):
        form = below(mix(word, 51), len(FORMS))
        drawn = np.where(known[anchors], draws(word, len(PARTS), 52), np.iinfo(np.uint64).max)
        count = np.minimum(known[anchors].sum(axis=1), LEAST + below(mix(word, 53), MOST - LEAST + 1))
        order = np.argsort(drawn, axis=1, kind="stable")[:, :MOST]
        order = np.where(np.arange(MOST)[None, :] < count[:, None], order, NOBODY)
        paraphrase = ask.paraphrases[below(mix(word, 54), len(ask.paraphrases))]
        columns = {"subtask": form, "order": order, "paraphrase": paraphrase}
        asked = [column.astype(np.uint64) for column in (form, paraphrase, *(order + 1).T)]
        shown = (content(ask.pool.words[anchors], *asked),)
        yield Units(anchors, np.full(len(anchors), k), word, columns, shown)


def _draft(ask: Ask, units: Units, portraits: Portraits) -> Draft:
    form, order = units.columns["subtask"], units.columns["order"].reshape(units.size, MOST)
    reason = "too few pictures of which three parts are known"
    return Draft(
        images=units.anchor[:, None],
        roles=("query",),
        k=units.k,
        paraphrase=units.columns["paraphrase"],
        subtask=words_at(FORMS, form),
        answer=_by_form(form, [_answer(ask, name, units.anchor, order, portraits) for name in FORMS]),
        asked=mix(*(order + 1).T.astype(np.uint64)),
        slots={"form": _by_form(form, [_wanted(ask, name, order) for name in FORMS])},
        shortfall=shortfall(ask, units, reason, ask.rows, {"subtask": FORMS}),
    )


def _by_form(form: Ints, texts: list[pa.Array]) -> pa.Array:
    return pc.choose(pa.array(form), *texts)


def _wanted(ask: Ask, form: str, order: Ints) -> pa.Array:
    """What the prompt asks for: `Name them in this order: shoes, top, hair.`"""
    parts = [*(ask.words["part"][part] for part in PARTS), ""]
    named = [words_at(parts, np.where(column < 0, len(PARTS), column)) for column in order.T]
    before, after = ask.words["form"][form].split("...", 1)
    return pc.binary_join_element_wise(before, in_words(named), after, "")


def _answer(ask: Ask, form: str, anchors: Ints, order: Ints, portraits: Portraits) -> pa.Array:
    """The parts in their order, each in the frame of the form."""
    said = [portraits.said(part, anchors) for part in PARTS]
    if form == "one_sentence":
        return pc.binary_join_element_wise("One can see ", in_words(_placed(said, order)), ".", "")
    frames = [ask.words[form][part].split("...", 1) for part in PARTS]
    framed = [
        pc.binary_join_element_wise(frame[0], text, frame[1], "") for frame, text in zip(frames, said, strict=True)
    ]
    return joined(_placed(framed, order), " ")


def _placed(texts: list[pa.Array], order: Ints) -> list[pa.Array]:
    """The text of the part that stands at each place; "" beyond the last."""
    blank = pa.array([""] * len(order), pa.string())
    return [pc.choose(pa.array(np.where(column < 0, len(texts), column)), *texts, blank) for column in order.T]


QUESTION = Question(
    title="A description in a given form",
    answer="caption",
    compose=compose,
    examples=(
        Example(
            images=(DRESSED,),
            rows=1,
            answers=("Lower garment: jeans. Hair: long hair. Top: a coat.",),
        ),
    ),
)
