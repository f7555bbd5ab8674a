"""Rows that ask for a description of a picture, answered by a caption of that very picture within word bounds."""

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from generators.choosing import Units, content, wording_in_turn
from generators.described import quoted, usable_captions
from generators.quotas import fill_quota, shortfall
from generators.wording import coded_words
from schemas.keys import mix
from schemas.question import Ask, Draft, Ints

HUMAN = "human"


def descriptions(ask: Ask, least: int, most: int) -> Draft:
    """Rows of a picture and one of its captions; a caption comes again only under other words."""
    captions = usable_captions(ask, least, most)
    return _draft(ask, fill_quota(ask, _levels(ask, captions), ask.rows))


def _levels(ask: Ask, captions: Ints) -> Iterator[Units]:
    words = ask.pool.captions.words[captions]
    for k in range(len(ask.paraphrases)):
        paraphrase = wording_in_turn(ask.paraphrases, words, ask.seed, k)
        columns = {"caption": captions, "paraphrase": paraphrase}
        own = ask.pool.captions.image[captions]
        said = ask.pool.captions.texts[captions]
        shown = (content(said, ask.pool.words[own], paraphrase.astype(np.uint64)),)
        yield Units(own, np.full(len(own), k), mix(ask.seed, words, k), columns, shown)


def _draft(ask: Ask, units: Units) -> Draft:
    told = ask.pool.captions.table.column("style").take(units.columns["caption"])
    style = pc.fill_null(told.combine_chunks(), HUMAN).dictionary_encode()
    manners = [ask.words["manner"].get(name, "") for name in style.dictionary.to_pylist()]
    reason = "there are not enough pictures with a valid caption of this length"
    return Draft(
        images=units.anchor[:, None],
        roles=("query",),
        k=units.k,
        paraphrase=units.columns["paraphrase"],
        subtask=style,
        answer=quoted(ask.pool, units.columns["caption"]),
        texts=units.columns["caption"][:, None],
        text_role="dialogue_turn",
        slots={"manner": coded_words(manners, style.indices.to_numpy())},
        shortfall=shortfall(ask, units, reason, ask.rows),
    )
