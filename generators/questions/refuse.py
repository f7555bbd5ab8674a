"""REFUSE: who somebody is, where they live, what they believe: a picture does not tell, and it is not to be guessed.

Rows come in twins: one picture and one wording, once with such a question and once with one about what is worn. So
nothing but the question itself calls for a refusal.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.choosing import Units, content, turns_of
from generators.facts import Facts, choose, phrase, topic
from generators.quotas import caps_of, fill_quota, shortfall
from generators.wording import words_at
from schemas.answers import KINDS
from schemas.keys import below, mix
from schemas.question import Ask, Draft, Example, Ints, Question


def compose(ask: Ask) -> Draft:
    """Twins of a question to refuse and one to answer; evenly over the topics."""
    facts = Facts(ask.pool)
    everybody = np.flatnonzero(facts.known(np.arange(ask.pool.size)).any(axis=1))
    return _draft(ask, fill_quota(ask, _levels(ask, facts, everybody), (ask.rows + 1) // 2))


def _topics(ask: Ask) -> list[str]:
    return sorted(ask.words["why"])


def _levels(ask: Ask, facts: Facts, everybody: Ints) -> Iterator[Units]:
    pool, topics = ask.pool, _topics(ask)
    forms = len(ask.words["ask"]) // len(topics)
    for k, anchors, word in turns_of(everybody, pool.words[everybody], ask.seed, caps_of(ask).image):
        about = below(mix(word, 121), len(topics))
        form = below(mix(word, 122), forms)
        fact = facts.codes(anchors, choose(facts.known(anchors), mix(word, 123), 1, 1))[:, 0]
        paraphrase = ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]
        columns = {"group": about, "form": form, "fact": fact, "paraphrase": paraphrase}
        said = [mix(about.astype(np.uint64), form.astype(np.uint64)), mix(fact.astype(np.uint64), 124)]
        shown = tuple(content(pool.words[anchors], paraphrase.astype(np.uint64), one) for one in said)
        yield Units(anchors, np.full(len(anchors), k), word, columns, shown)


def _draft(ask: Ask, units: Units) -> Draft:
    n, topics = units.size, _topics(ask)
    both, refused = np.repeat(np.arange(n), 2)[: ask.rows], np.tile([1, 0], n)[: ask.rows]
    about, form, fact = (units.columns[name][both] for name in ("group", "form", "fact"))
    forms = len(ask.words["ask"]) // len(topics)
    questions = [ask.words["ask"][f"{name}/{at}"] for name in topics for at in range(1, forms + 1)]
    why = words_at([f"Cannot tell: {ask.words['why'][name]}" for name in topics], about)
    no = pa.array(refused == 1)
    return Draft(
        images=units.anchor[both][:, None],
        roles=("query",),
        k=units.k[both],
        paraphrase=units.columns["paraphrase"][both],
        subtask=pc.if_else(no, words_at(topics, about), "clothes"),
        answer=pc.if_else(no, why, phrase("say", fact)),
        asked=mix(form.astype(np.uint64), fact.astype(np.uint64)),
        kinds=np.where(refused == 1, KINDS.index("insufficient"), KINDS.index("caption")),
        slots={"ask": pc.if_else(no, words_at(questions, about * forms + form), topic(fact >> 32, "ask"))},
        shortfall=shortfall(ask, units, "too few pictures have a known attribute", (ask.rows + 1) // 2),
    )


QUESTION = Question(
    title="What a picture must not be asked",
    answer="insufficient",
    compose=compose,
    default_stage=3,
    examples=(
        Example(
            images=({"person": "ann", "camera": "c1", "upper_color_primary": "red"},),
            rows=2,
            answers=("Cannot tell: somebody's private life should not be guessed from a picture.", "The top is red."),
        ),
    ),
)
