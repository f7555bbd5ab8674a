"""Groups: pictures of one to three persons mixed together, in layouts in which cameras tell nobody apart.

A layout says of every picture whose it is and which of two cameras filmed it. Every camera films as even a mixture of
the persons as it can, and never one person alone, so neither a shared nor a lonely camera gives a group away.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from generators.choosing import Units, content, draws, patience_for, turns_of
from generators.galleries import candidate_words, finder_of
from generators.lineups import Looks, same_look
from generators.pairing import MatchFinder, NegativeFinder, camera_or_none, hardness, how, negatives_of
from generators.quotas import caps_of, fill_quota, shortfall
from schemas.keys import Words, below, mix
from schemas.question import NOBODY, Ask, Draft, Flags, Ints

Layout = str
"""Pictures as pairs of a person and a camera: `A0 A0 A1 B1`. The first one is the anchor, A0."""


def group_units(ask: Ask, layouts: Sequence[Layout]) -> Units:
    """Units of pictures in display order; columns `shown`, `person` (of the layout), `rank`, each (n, widest)."""
    anchors = np.arange(ask.pool.size)
    names = {"subtask": layout_names(layouts)}
    return fill_quota(ask, _levels(ask, layouts, anchors), ask.rows, patience_for(anchors), names)


def layout_names(layouts: Sequence[Layout]) -> list[str]:
    """`groups_3_1`: the sizes of the groups of each layout, largest first."""
    found = []
    for layout in layouts:
        persons = [slot[0] for slot in layout.split()]
        sizes = sorted((persons.count(one) for one in set(persons)), reverse=True)
        found.append("groups_" + "_".join(str(size) for size in sizes))
    return found


def group_draft(ask: Ask, units: Units, layouts: Sequence[Layout], reason: str, gold: Ints) -> Draft:
    """The draft of groups, with their gold."""
    columns = units.columns
    names = layout_names(layouts)
    strange = columns["person"] > 0
    named = np.where(strange, how(columns["rank"], "embedding_topk", "same_camera"), NOBODY)
    size = (columns["shown"] >= 0).sum(axis=1)
    return Draft(
        images=columns["shown"],
        roles=("candidate",) * columns["shown"].shape[1],
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=pa.array(names, pa.string()).take(pa.array(columns["subtask"])),
        gold=gold,
        n_options=size,
        slots={"candidates": candidate_words(size, 1)},
        negatives=negatives_of(ask.pool, units.anchor, named, columns["rank"]),
        difficulty=columns["difficulty"],
        shortfall=shortfall(ask, units, reason, ask.rows, {"subtask": names}),
    )


def _levels(ask: Ask, layouts: Sequence[Layout], everybody: Ints) -> Iterator[Units]:
    pool, finder, looks = ask.pool, finder_of(ask), Looks(ask)
    matcher = MatchFinder(ask, same_look(ask))
    persons, cameras = _tables(layouts)
    words = np.append(pool.words, np.uint64(0))
    for k, anchors, word in turns_of(everybody, pool.words[everybody], ask.seed, caps_of(ask).image):
        layout = below(mix(word, 101), len(layouts))
        person, camera = persons[layout], cameras[layout]
        filler = _Filler(ask, finder, looks, anchors, matcher.find(anchors, word))
        shown, rank = filler.fill(person, camera, word)
        whole = ((shown >= 0) == (person >= 0)).all(axis=1)
        order = np.argsort(np.where(person >= 0, draws(word, person.shape[1], 102), np.iinfo(np.uint64).max), axis=1)
        shown, person, rank = (np.take_along_axis(column, order, axis=1) for column in (shown, person, rank))
        columns = {"shown": shown, "person": person, "rank": rank, "subtask": layout, "difficulty": hardness(rank)}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        seen = content(*(words[column] for column in shown.T))
        yield Units(anchors, np.full(len(anchors), k), word, columns, (seen,)).take(np.asarray(whole))


def _tables(layouts: Sequence[Layout]) -> tuple[Ints, Ints]:
    """The person and camera of every picture of every layout, NOBODY beyond the last."""
    split = [layout.split() for layout in layouts]
    width = max(len(slots) for slots in split)
    persons, cameras = (np.full((len(split), width), NOBODY, dtype=np.int64) for _ in range(2))
    for row, slots in enumerate(split):
        for column, slot in enumerate(slots):
            persons[row, column], cameras[row, column] = "ABC".index(slot[0]), int(slot[1])
    return persons, cameras


class _Filler:
    """Finds the pictures of layouts for some anchors: `match` is another picture of the anchor's, by camera 1."""

    def __init__(self, ask: Ask, finder: NegativeFinder, looks: Looks, anchors: Ints, match: Ints) -> None:
        self._camera = camera_or_none(ask.pool)
        self._finder, self._looks = finder, looks
        self._anchors, self._match = anchors, match

    def fill(self, person: Ints, camera: Ints, word: Words) -> tuple[Ints, Ints]:
        """Pictures and mined ranks in the order of the layouts; NOBODY where none was found."""
        shown = np.full(person.shape, NOBODY, dtype=np.int64)
        rank = shown.copy()
        shown[:, 0] = self._anchors
        for column in range(1, person.shape[1]):
            like = np.where(camera[:, column] == 0, self._anchors, self._match)
            like = np.where((person[:, column] >= 0) & (self._match >= 0), like, NOBODY)
            before, whose = shown[:, :column], person[:, :column]
            known = (whose == person[:, [column]]) & (before >= 0)
            first = np.take_along_axis(before, np.argmax(known, axis=1)[:, None], axis=1)[:, 0]
            again = known.any(axis=1)
            more = self._again(np.where(again & (like >= 0), first, NOBODY), like, before, mix(word, 103, column))
            other, ranks = self._finder.find(
                self._anchors,
                np.where(again, NOBODY, like),
                mix(word, 104, column),
                np.where(whose > 0, before, NOBODY),
            )
            shown[:, column] = np.where(again, more, other)
            rank[:, column] = np.where(again, NOBODY, ranks)
        return shown, rank

    def _again(self, first: Ints, like: Ints, before: Ints, word: Words) -> Ints:
        """Another picture of a person who is shown already, by the camera of `like`."""
        camera = self._camera

        def allowed(rows: Ints, members: Ints) -> Flags:
            new = (before[rows] != members[:, None]).all(axis=1)
            return np.asarray(new & (camera[members] == camera[like[rows]]))

        return self._looks.more(first, word, allowed)
