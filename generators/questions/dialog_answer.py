"""DIALOG_ANSWER: play the witness: answer from what is remembered, in a sentence, or say "I don't know."

The memory is a caption, given as text: the witness never sees the picture that is searched for, and so cannot tell more
than was noticed. Asked is for a thing, for something that is so, for something that is not so (the answer corrects it),
or for what the memory does not mention; the last questions are as many of each. What is so or not is asked where a
second caption of the source says otherwise, in its words or in the memory's own: no words tell which it is.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.attribute_masks import apart, mask_of, near_masks
from generators.choosing import Ring, Units, content, patience_for, turns_of
from generators.described import texts_of, usable_captions
from generators.facts import KEYS, CaptionFacts, choose, lowered, phrase, topic
from generators.quotas import caps_of, fill_quota, shortfall
from generators.searching import content_of
from generators.wording import words_at
from schemas.keys import Words, below, mix, uniform
from schemas.question import CAPTIONS, HIDDEN, NOBODY, Ask, Draft, Example, Flags, Ints, Masks, Question
from schemas.vocabulary import VOCABULARY

WORDS = (5, 60)
WHICH, SO, NOT_SO, UNKNOWN = range(4)
SUBTASKS = ("which", "it_is_so", "it_is_not_so", "not_noticed")
TWO_ROUNDS = 0.5
_UNKNOWN = "I don't know."
_CARRIED = np.array([VOCABULARY[key].values == ("no", "yes") for key in KEYS])
_ABSENT = np.array(
    [next((mask_of(key, name) for name in ("no", "none") if name in VOCABULARY[key].values), HIDDEN) for key in KEYS],
    dtype=np.uint32,
)


def compose(ask: Ask) -> Draft:
    """Rows of a memory and one or two questions."""
    captions = usable_captions(ask, *WORDS)
    levels = _levels(ask, captions, caps_of(ask).image)
    return _draft(ask, fill_quota(ask, levels, ask.rows, patience_for(captions)))


def _levels(ask: Ask, usable: Ints, most: int) -> Iterator[Units]:
    pool, told, others = ask.pool, CaptionFacts(ask.pool), _ring(ask, usable)
    for k, captions, word in turns_of(usable, pool.captions.words[usable], ask.seed, most):
        kind = below(mix(word, 131), len(SUBTASKS))
        other = others.draw(pool.source[pool.captions.image[captions]], mix(word, 137))
        key, code, about = _asked(told, captions, other, kind, word, np.full(len(captions), NOBODY))
        earlier_kind = np.where(kind == UNKNOWN, WHICH, below(mix(word, 132), len(SUBTASKS)))
        earlier = _asked(told, captions, other, earlier_kind, mix(word, 133), key)
        alone = (uniform(mix(word, 134)) >= TWO_ROUNDS) | (earlier[0] < 0)
        asked = np.stack([np.where(alone, NOBODY, part) for part in (earlier_kind, *earlier)], axis=1)
        asked = np.concatenate([asked, np.stack([kind, key, code, about], axis=1)], axis=1)
        columns = {"asked": asked, "caption": captions, "group": kind}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        seen = content(pool.captions.texts[captions], content_of(asked))
        own = pool.captions.image[captions]
        yield Units(own, np.full(len(own), k), word, columns, (seen,)).take(key >= 0)


def _ring(ask: Ask, usable: Ints) -> Ring:
    """The captions of each source, to draw others from."""
    cells = np.full(len(ask.pool.captions.image), NOBODY, dtype=np.int64)
    cells[usable] = ask.pool.source[ask.pool.captions.image[usable]]
    return Ring(cells, mix(ask.seed, ask.pool.captions.words, 138))


def _asked(
    told: CaptionFacts, captions: Ints, others: Ints, kind: Ints, word: Words, barred: Ints
) -> tuple[Ints, Ints, Ints]:
    """Per row the attribute asked for, the fact that is true (NOBODY where not known), and the fact asked about."""
    values, theirs = told.values(captions), np.where(others[:, None] >= 0, told.values(np.maximum(others, 0)), 0)
    here = _askable(values, theirs, told.silent(captions), kind) & (np.arange(len(KEYS)) != barred[:, None])
    key = choose(here, mix(word, 135), 1, 1)[:, 0]
    true, claimed = (_code(one, key) for one in (values, theirs))
    return key, true, np.select([kind == SO, kind == NOT_SO], [true, claimed], NOBODY)


def _code(values: Masks, key: Ints) -> Ints:
    """The fact of each row (rows, keys) about one attribute; NOBODY for none."""
    value = np.take_along_axis(values, np.maximum(key, 0)[:, None], axis=1)[:, 0].astype(np.int64)
    return np.where((key >= 0) & (value > 0), (key << 32) | value, NOBODY)


def _askable(values: Masks, theirs: Masks, silent: Flags, kind: Ints) -> Flags:
    """Which attributes can be asked for in each way, (rows, keys); what is carried is only asked for by yes or no."""
    known, clash = values != 0, _clash(values, theirs)
    ways = [known & ~_CARRIED, clash & ~_is_absent(values), clash & ~_is_absent(theirs), silent & ~known]
    return np.select([(kind == at)[:, None] for at in range(len(ways))], ways, False)


def _clash(values: Masks, theirs: Masks) -> Flags:
    """Where both are known and neither may pass for the other, (rows, keys)."""
    near = [np.stack([near_masks(key, one[:, at]) for at, key in enumerate(KEYS)], axis=1) for one in (values, theirs)]
    return np.asarray((values != 0) & (theirs != 0) & apart(values, near[0], theirs, near[1]))


def _is_absent(values: Masks) -> Flags:
    """Where the value is that there is no such thing, which nobody asks about."""
    return np.asarray(values == _ABSENT)


def _draft(ask: Ask, units: Units) -> Draft:
    columns, asked = units.columns, units.columns["asked"]
    memory = texts_of(ask.pool, columns["caption"])
    first, last = (_question(asked[:, at : at + 4]) for at in (0, 4))
    alone = pa.array(asked[:, 0] < 0)
    nothing = pa.scalar(None, pa.string())
    between = (pc.if_else(alone, nothing, _answer(asked[:, :4])), pc.if_else(alone, nothing, last))
    return Draft(
        images=np.full((units.size, 1), NOBODY, dtype=np.int64),
        roles=("query",),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=words_at(SUBTASKS, asked[:, 4]),
        answer=_answer(asked[:, 4:]),
        between=between,
        asked=content_of(asked),
        texts=columns["caption"][:, None],
        text_role="dialogue_turn",
        slots={"memory": memory, "question": pc.if_else(alone, last, first)},
        shortfall=shortfall(ask, units, "too few captions state an attribute plainly", ask.rows),
    )


def _question(asked: Ints) -> pa.Array:
    """The question of a round (rows, 4: kind, key, true fact, fact asked about); null where there is no such round."""
    kind, key, _, about = asked.T
    checked = np.isin(kind, (SO, NOT_SO))
    return pc.if_else(pa.array(checked), phrase("check", np.where(checked, about, NOBODY)), topic(key, "ask"))


def _answer(asked: Ints) -> pa.Array:
    """The witness's answer in a round."""
    kind, _, true, _ = asked.T
    said = phrase("say", true)
    agreed = pc.binary_join_element_wise(words_at(("", "Yes,", "No,", ""), np.maximum(kind, 0)), lowered(said), " ")
    told = pc.if_else(pa.array(np.isin(kind, (SO, NOT_SO))), agreed, said)
    return pc.if_else(pa.array(kind == UNKNOWN), _UNKNOWN, told)


QUESTION = Question(
    title="Answer as the witness",
    answer="caption",
    compose=compose,
    options=CAPTIONS,
    default_stage=3,
    examples=(
        Example(
            images=({"person": "ann", "camera": "c1", "caption": "A woman walks by in a short red skirt."},),
            rows=1,
            answers=("I don't know.",),
        ),
    ),
)
