"""T2I_YN: does a description fit a picture? Asked twice: of the person it means and of one it cannot mean."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from generators.choosing import Units, content, patience_for, turns_of
from generators.claims import Claims
from generators.described import PictureFinder, quoted, usable_captions
from generators.galleries import finder_of
from generators.pairing import hardness, how, negatives_of
from generators.quotas import caps_of, fill_quota, shortfall
from generators.toys import in_tops
from schemas.keys import below, mix
from schemas.question import CAPTIONS, NOBODY, STRANGERS, Ask, Draft, Example, Ints, Question

WORDS = (5, 40)


def compose(ask: Ask) -> Draft:
    """Twins of one caption: a yes with another picture of its outfit, a no with a stranger from the same camera."""
    captions = usable_captions(ask, *WORDS)
    levels = _levels(ask, captions, caps_of(ask).image)
    return _draft(ask, fill_quota(ask, levels, (ask.rows + 1) // 2, patience_for(captions)))


def _levels(ask: Ask, usable: Ints, most: int) -> Iterator[Units]:
    pool, finder, pictures = ask.pool, finder_of(ask), PictureFinder(ask)
    claims = Claims(pool)
    for k, captions, word in turns_of(usable, pool.captions.words[usable], ask.seed, most):
        own, match = pool.captions.image[captions], pictures.find(captions, word)
        nobody = np.zeros((len(own), 0), dtype=np.int64)
        other, rank = finder.find(own, match, word, nobody, claims.against(captions))
        columns = {"caption": captions, "match": match, "other": other, "rank": rank}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        columns |= {"difficulty": hardness(rank)}
        shown = tuple(content(pool.captions.texts[captions], pool.words[seen]) for seen in (match, other))
        units = Units(own, np.full(len(own), k), word, columns, shown)
        yield units.take((match >= 0) & (other >= 0))


def _draft(ask: Ask, units: Units) -> Draft:
    both = np.repeat(np.arange(units.size), 2)[: ask.rows]
    gold = np.tile([1, 0], units.size)[: ask.rows]
    columns = {name: column[both] for name, column in units.columns.items()}
    shown = np.where(gold == 1, columns["match"], columns["other"])[:, None]
    rank = np.where(gold == 0, columns["rank"], NOBODY)[:, None]
    strategy = how(rank, "embedding_topk", "contradicts_caption")
    return Draft(
        images=shown,
        roles=("candidate",),
        k=units.k[both],
        paraphrase=columns["paraphrase"],
        subtask=pa.repeat(pa.scalar("whole_caption", pa.string()), len(both)),
        gold=gold,
        n_options=np.full(len(both), 2),
        texts=columns["caption"][:, None],
        slots={"caption": quoted(ask.pool, columns["caption"])},
        negatives=negatives_of(ask.pool, units.anchor[both], np.where(gold[:, None] == 0, strategy, NOBODY), rank),
        difficulty=columns["difficulty"] if "shares" in ask.options else None,
        shortfall=shortfall(
            ask,
            units,
            "too few captions with a second picture and a stranger that is known to differ from them",
            (ask.rows + 1) // 2,
        ),
    )


QUESTION = Question(
    title="Does a description fit a picture?",
    answer="yesno",
    compose=compose,
    options=(*STRANGERS, *CAPTIONS),
    default_stage=3,
    examples=(
        Example(
            images=in_tops({"bob": "green"}, caption="A woman wearing a red jacket."),
            rows=2,
            answers=("Yes", "No"),
        ),
    ),
)
