"""CAP_SHORT: describe the person in one or two short sentences; the answer is a caption of that very picture."""

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from generators.choosing import Units, content
from generators.described import usable_captions
from generators.quotas import fill_quota, shortfall
from generators.wording import words_at
from schemas.keys import below, mix
from schemas.question import Ask, Draft, Example, Ints, Question

WORDS = (5, 25)
HUMAN = "human"


def compose(ask: Ask) -> Draft:
    """Rows of a picture and one of its captions; a caption comes again only under other words."""
    captions = usable_captions(ask, *WORDS)
    return _draft(ask, fill_quota(ask, _levels(ask, captions), ask.rows))


def _levels(ask: Ask, captions: Ints) -> Iterator[Units]:
    words = ask.pool.captions.words[captions]
    first = below(mix(ask.seed, words, 8), len(ask.paraphrases))
    for k in range(len(ask.paraphrases)):
        paraphrase = ask.paraphrases[(first + k) % len(ask.paraphrases)]
        columns = {"caption": captions, "paraphrase": paraphrase}
        own = ask.pool.captions.image[captions]
        said = ask.pool.captions.texts[captions]
        shown = (content(said, ask.pool.words[own], paraphrase.astype(np.uint64)),)
        yield Units(own, np.full(len(own), k), mix(ask.seed, words, k), columns, shown)


def _draft(ask: Ask, units: Units) -> Draft:
    told = ask.pool.captions.table.take(units.columns["caption"])
    style = pc.fill_null(told.column("style").combine_chunks(), HUMAN).dictionary_encode()
    manners = [ask.words["manner"].get(name, "") for name in style.dictionary.to_pylist()]
    return Draft(
        images=units.anchor[:, None],
        roles=("query",),
        k=units.k,
        paraphrase=units.columns["paraphrase"],
        subtask=style.cast("string"),
        answer=told.column("text").combine_chunks(),
        texts=units.columns["caption"][:, None],
        text_role="dialogue_turn",
        slots={"manner": words_at(manners, style.indices.to_numpy().astype(np.int64))},
        shortfall=shortfall(ask, units, "there are not enough pictures with a valid caption of this length", ask.rows),
    )


QUESTION = Question(
    title="A short description of the person",
    answer="caption",
    compose=compose,
    examples=(
        Example(
            images=({"person": "ann", "camera": "c1", "caption": "A woman in a red coat walks by."},),
            rows=1,
            answers=("A woman in a red coat walks by.",),
        ),
    ),
)
