"""MULTI_QUERY: several pictures show the person wanted; which candidate is the same, if any?

The queries are different pictures of one person in one outfit, from different cameras where there are any; none of them
is a candidate. The recipe option `queries` is how many there are (2 to 4).
"""

from collections.abc import Iterator

import numpy as np

from generators.choosing import Units, content, patience_for, turns_of
from generators.galleries import MOST, Gallery, candidate_words, finder_of, gallery, query_words, strategies
from generators.lineups import REASON, Looks, same_look
from generators.margins import margin_columns, margin_remarks
from generators.pairing import MatchFinder, after, hardness, match_subtasks
from generators.pool import nearly_same
from generators.quotas import ANSWERS, caps_of, fill_quota, shortfall
from generators.wording import coded_words
from schemas.errors import BadRecipe
from schemas.keys import Words, below, mix
from schemas.question import MATCHES, NOBODY, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

QUERIES = 2
NONE_SHARE = 0.15
_SPAN = (2, 4)


def compose(ask: Ask) -> Draft:
    """Rows of several queries and a gallery. Raises BadRecipe for a number of queries out of bounds."""
    count = int(ask.options.get("queries", QUERIES))
    if not _SPAN[0] <= count <= _SPAN[1]:
        raise BadRecipe(f"The option 'queries' must be {_SPAN[0]} to {_SPAN[1]}, found {count!r}.")
    patience = patience_for(np.arange(ask.pool.size))
    return _draft(ask, fill_quota(ask, _levels(ask, count), ask.rows, patience, {"answer": ANSWERS}), count)


def _levels(ask: Ask, count: int) -> Iterator[Units]:
    pool, finder, looks = ask.pool, finder_of(ask), Looks(ask)
    matcher = MatchFinder(ask, same_look(ask))
    words = np.append(pool.words, np.uint64(0))
    share = float(ask.options.get("none_share", NONE_SHARE))
    for k, anchors, word in turns_of(np.arange(pool.size), pool.words, ask.seed, caps_of(ask).image):
        match = matcher.find(anchors, word)
        queries = _queries(ask, looks, anchors, match, word, count)
        match = np.where((queries >= 0).all(axis=1), match, NOBODY)
        found = gallery(finder, anchors, match, word, share)
        columns = {"shown": found.shown, "rank": found.rank, "size": found.size, "place": found.place, "match": match}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))], "queries": queries}
        columns |= {"difficulty": hardness(found.rank), "answer": (found.place < 0).astype(np.int64)}
        wrong = np.arange(MOST) != found.place[:, None]
        columns |= margin_columns(ask, anchors, match, found.shown, wrong)
        seen = content(*(words[column] for column in (*queries.T, *found.shown.T)))
        yield Units(anchors, np.full(len(anchors), k), word, columns, (seen,)).take(found.whole)


def _queries(ask: Ask, looks: Looks, anchors: Ints, match: Ints, word: Words, count: int) -> Ints:
    """The anchors and further pictures of their look, none of them nearly the match; from other cameras first."""
    pool, camera = ask.pool, ask.pool.camera
    found = np.full((len(anchors), count), NOBODY, dtype=np.int64)
    found[:, 0] = anchors
    for column in range(1, count):

        def new(rows: Ints, members: Ints, before: Ints = found[:, :column]) -> Flags:
            apart = (before[rows] != members[:, None]).all(axis=1)
            return np.asarray(apart & ~nearly_same(pool, members, match[rows]))

        def elsewhere(rows: Ints, members: Ints, before: Ints = found[:, :column]) -> Flags:
            far = (camera[before[rows]] != camera[members][:, None]).all(axis=1)
            return np.asarray(new(rows, members) & far)

        across = looks.more(np.where(match >= 0, anchors, NOBODY), mix(word, 91, column), elsewhere)
        anywhere = looks.more(np.where((match >= 0) & (across < 0), anchors, NOBODY), mix(word, 92, column), new)
        found[:, column] = np.where(across >= 0, across, anywhere)
    return found


def _draft(ask: Ask, units: Units, count: int) -> Draft:
    columns = units.columns
    queries = columns["queries"].reshape(units.size, count)
    found = Gallery(columns["shown"], columns["rank"], columns["size"], columns["place"])
    queried = coded_words([query_words(count)], np.zeros(units.size, dtype=np.int64))
    return Draft(
        images=np.concatenate([queries, found.shown], axis=1),
        roles=("query", *["query_extra"] * (count - 1), *["gallery"] * MOST),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=match_subtasks(ask.pool, units),
        gold=np.where(found.place >= 0, found.place + count + 1, 0),
        n_options=found.size,
        slots={"queries": queried, "candidates": candidate_words(found.size, count + 1)},
        negatives=after(strategies(ask.pool, units.anchor, found, "same_camera"), count),
        difficulty=columns["difficulty"],
        remarks=margin_remarks(columns),
        shortfall=shortfall(ask, units, REASON, ask.rows, {"answer": ANSWERS}),
    )


QUESTION = Question(
    title="Several views of one person: which candidate is the same?",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow", "none_share", "queries"),
    default_stage=2,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1"},
                {"person": "ann", "camera": "c2"},
                {"person": "ann", "camera": "c3"},
                {"person": "bob", "camera": "c1"},
                {"person": "cid", "camera": "c1"},
                {"person": "dan", "camera": "c2"},
                {"person": "eve", "camera": "c2"},
                {"person": "fay", "camera": "c3"},
                {"person": "gus", "camera": "c3"},
            ),
            rows=1,
            answers=("None",),
            options={"none_share": 1},
        ),
    ),
)
