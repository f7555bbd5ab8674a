"""I2I_NONE: is the person of the query among the candidates, and where? Every gallery is shown with and without them.

The two rows of a twin differ in one picture only: the match, or one more stranger from the same camera in its place. So
`None` is right in half of the rows, and nothing but the pictures tells in which. A distractor stands in both.
"""

from collections.abc import Iterator

import numpy as np

from generators.choosing import Units, content, patience_for, turns_of
from generators.distractors import DistractorFinder
from generators.galleries import MOST, Gallery, candidate_words, finder_of, gallery
from generators.lineups import REASON, same_look
from generators.margins import margin_columns, margin_remarks
from generators.pairing import DISTRACTOR, MatchFinder, after, hardness, how, negatives_of, subtasks
from generators.quotas import caps_of, fill_quota, shortfall
from generators.toys import crowd
from schemas.keys import below, mix
from schemas.question import MATCHES, NOBODY, STRANGERS, Ask, Draft, Example, Question


def compose(ask: Ask) -> Draft:
    """Rows in twins about one query and place; an odd quota ends with a match."""
    wanted = (ask.rows + 1) // 2
    units = fill_quota(ask, _levels(ask), wanted, patience_for(np.arange(ask.pool.size)))
    return _draft(ask, units, shortfall(ask, units, REASON, wanted))


def _levels(ask: Ask) -> Iterator[Units]:
    pool, finder, matcher = ask.pool, finder_of(ask), MatchFinder(ask, same_look(ask))
    strange, words = DistractorFinder(ask), np.append(pool.shown_words, np.uint64(0))
    for k, anchors, word in turns_of(np.arange(pool.size), pool.words, ask.seed, caps_of(ask).image):
        match = matcher.find(anchors, word)
        found = gallery(finder, anchors, match, word)
        rows = np.arange(len(anchors))
        place = np.maximum(found.place, 0)
        taken = found.shown.copy()
        taken[rows, place] = NOBODY
        other, rank = finder.find(anchors, np.where(found.whole, match, NOBODY), mix(word, 25), taken)
        without, ranks = found.shown.copy(), found.rank.copy()
        without[rows, place], ranks[rows, place] = other, rank
        found = strange.let_in(found, match, word)
        nobody = found.rank == DISTRACTOR
        without, ranks = np.where(nobody, found.shown, without), np.where(nobody, DISTRACTOR, ranks)
        columns = {"with": found.shown, "without": without, "rank": ranks, "size": found.size, "place": place}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))], "match": match}
        columns |= {"difficulty": hardness(ranks)}
        columns |= margin_columns(ask, anchors, match, without, np.ones(without.shape, dtype=np.bool_))
        seen = [content(pool.words[anchors], *(words[c] for c in shown.T)) for shown in (found.shown, without)]
        yield Units(anchors, np.full(len(anchors), k), word, columns, tuple(seen)).take(found.whole & (other >= 0))


def _draft(ask: Ask, units: Units, reason: str) -> Draft:
    both = np.repeat(np.arange(units.size), 2)[: ask.rows]
    there = np.tile([1, 0], units.size)[: ask.rows] == 1
    columns = {name: column[both] for name, column in units.columns.items()}
    shown = np.where(there[:, None], columns["with"], columns["without"])
    place = np.where(there, columns["place"], NOBODY)
    own = np.arange(MOST)[None, :] == place[:, None]
    rank = np.where(own, NOBODY, columns["rank"])
    found = Gallery(shown, rank, columns["size"], place)
    named = np.where((shown >= 0) & ~own, how(rank, "embedding_topk", "same_camera"), NOBODY)
    anchors = units.anchor[both]
    return Draft(
        images=np.concatenate([anchors[:, None], shown], axis=1),
        roles=("query", *["gallery"] * MOST),
        k=units.k[both],
        paraphrase=columns["paraphrase"],
        subtask=subtasks(ask.pool, np.stack([anchors, columns["match"]], axis=1)),
        gold=np.where(there, place + 2, 0),
        n_options=found.size,
        slots={"candidates": candidate_words(found.size, 2)},
        negatives=after(negatives_of(ask.pool, anchors, named, rank), 1),
        difficulty=columns["difficulty"],
        remarks=margin_remarks(columns),
        shortfall=reason,
    )


QUESTION = Question(
    title="Is the person of the query among the candidates at all?",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow", "distractors"),
    default_stage=2,
    examples=(
        Example(
            images=crowd("bob", "cid"),
            rows=2,
            answers=("Image 2", "None"),
        ),
    ),
)
