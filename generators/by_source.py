"""Sources with shares of their own in a family's quota: each is composed by itself, as if there were no other.

    options: {shares: {source: {market1501: 0.6, ltcc: 0.4}}}

So another source beside it, with its share on top, changes none of its rows: not by what it shows, nor by the blocks in
which pictures are gone through, by caps, or by how long candidates are looked for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.quotas import check_shares, divided
from schemas.keys import Words
from schemas.question import (
    NOBODY,
    Ask,
    Captions,
    Distractors,
    Draft,
    Evidence,
    Flags,
    Ints,
    Negatives,
    Neighbours,
    Pool,
)

_NUMBERS = ("k", "paraphrase", "gold", "n_options", "asked", "difficulty", "kinds", "text_strategies", "confidence")
_WORDS = ("subtask", "answer", "reason", "thought")


def composed(compose: Callable[[Ask], Draft], ask: Ask) -> Draft:
    """What a family makes of what it is asked for, over the whole pool: source by source where they have shares.

    A cap of wordings is divided over the sources as the rows are. Raises BadRecipe for a share that is none.
    """
    shares: Mapping[str, float] = ask.options.get("shares", {}).get("source", {})
    if not shares:
        return compose(ask)
    check_shares("source", shares)
    names, parts = sorted(shares), np.array([float(shares[name]) for name in sorted(shares)])
    capped = ask.options.get("per_paraphrase")
    caps = None if capped is None else divided(int(capped), parts).tolist()
    others = {name: share for name, share in ask.options["shares"].items() if name != "source"}
    found, told = [], []
    for at, (name, rows) in enumerate(zip(names, divided(ask.rows, parts).tolist(), strict=True)):
        own = _of_source(ask.pool, name)
        cap = {} if caps is None else {"per_paraphrase": caps[at]}
        options = {**ask.options, "shares": others, **cap}
        draft = compose(replace(ask, pool=own.pool, rows=rows, options=options))
        found.append(own.placed(draft))
        if draft.size < rows:
            told.append((draft.shortfall, f"{name}: {draft.size} of {rows}"))
    return replace(_joined(found), shortfall=_told(told))


def _told(lacking: Iterable[tuple[str, str]]) -> str:
    """Why rows are missing, each reason once with the sources that lack rows for it."""
    reasons: dict[str, list[str]] = {}
    for reason, got in lacking:
        reasons.setdefault(reason, []).append(got)
    return "; ".join(f"{', '.join(got)} rows, because {reason}" for reason, got in reasons.items())


@dataclass(frozen=True, slots=True)
class _Own:
    """The people of one source, and where what they show and what is said of them stands in the pool of all."""

    pool: Pool
    shown: Ints
    captions: Ints

    def placed(self, draft: Draft) -> Draft:
        """The draft with the positions of the pool of all."""
        images = np.append(self.shown, NOBODY)[draft.images].astype(draft.images.dtype)
        texts = None if draft.texts is None else np.append(self.captions, NOBODY)[draft.texts]
        return replace(draft, images=images, texts=texts)


def _of_source(pool: Pool, name: str) -> _Own:
    here = _from(pool.table, name)
    at = np.flatnonzero(here)
    place = np.full(pool.size + 1, NOBODY, dtype=np.int64)
    place[at] = np.arange(len(at))
    own = {field: getattr(pool, field)[at] for field in ("words", "source", "person", "camera", "clothes", "modality")}
    captions = np.flatnonzero(here[pool.captions.image])
    nobody = None if pool.distractors is None else _distractors(pool.distractors, name)
    strange = (
        np.zeros(0, dtype=np.int64) if pool.distractors is None else np.flatnonzero(_from(pool.distractors.table, name))
    )
    return _Own(
        replace(
            pool,
            **own,
            table=pool.table.take(pa.array(at)).combine_chunks(),
            infrared=pool.infrared[at],
            log_height=pool.log_height[at],
            values={key: masks[at] for key, masks in pool.values.items()},
            captions=_captions(pool.captions, captions, place),
            neighbours=None if pool.neighbours is None else _neighbours(pool.neighbours, at, place),
            looks=None if pool.looks is None else pool.looks[at],
            seen=None if pool.seen is None else pool.seen[at],
            distractors=nobody,
        ),
        np.append(at, pool.size + strange),
        captions,
    )


def _from(table: pa.Table, name: str) -> Flags:
    return np.asarray(pc.equal(table.column("source"), name).to_numpy(), dtype=np.bool_)


def _captions(told: Captions, at: Ints, place: Ints) -> Captions:
    return Captions(
        table=told.table.take(pa.array(at)).combine_chunks(),
        image=place[told.image[at]],
        words=told.words[at],
        texts=told.texts[at],
        n_words=told.n_words[at],
        similarity=None if told.similarity is None else told.similarity[at],
    )


def _neighbours(mined: Neighbours, at: Ints, place: Ints) -> Neighbours:
    return Neighbours(near=place[mined.near[at]], distance=mined.distance[at], miner=mined.miner)


def _distractors(nobody: Distractors, name: str) -> Distractors | None:
    at = np.flatnonzero(_from(nobody.table, name))
    if not len(at):
        return None
    own = {field: getattr(nobody, field)[at] for field in ("words", "source", "camera", "modality", "log_height")}
    return Distractors(table=nobody.table.take(pa.array(at)).combine_chunks(), **own)


def _joined(drafts: Sequence[Draft]) -> Draft:
    """The rows of all drafts, one after the other; empty ones have no say in what columns there are."""
    some = [draft for draft in drafts if draft.size] or list(drafts[:1])
    if len(some) == 1:
        return some[0]
    first = some[0]
    columns: dict[str, Any] = {name: _numbers([getattr(one, name) for one in some]) for name in (*_NUMBERS, "texts")}
    columns |= {name: _words([getattr(one, name) for one in some]) for name in _WORDS}
    columns |= {
        name: tuple(_words(turn) for turn in zip(*(getattr(one, name) for one in some), strict=True))
        for name in ("between", "remarks")
    }
    return replace(
        first,
        images=np.concatenate([one.images for one in some]),
        slots={name: _words([one.slots[name] for one in some]) for name in first.slots},
        negatives=_negatives([one.negatives for one in some]),
        evidence=_evidence(some),
        **columns,
    )


def _numbers(columns: Sequence[Ints | Words | None]) -> Any:
    known = [column for column in columns if column is not None]
    return np.concatenate(known) if known else None


def _words(columns: Sequence[pa.Array | None]) -> pa.Array | None:
    """The columns as one; those whose words are numbers that point into tables get one table."""
    known = [column for column in columns if column is not None]
    if not known:
        return None
    chunks = pa.chunked_array(known)
    coded = pa.types.is_dictionary(chunks.type)
    return (chunks.unify_dictionaries() if coded else chunks).combine_chunks()


def _negatives(found: Sequence[Negatives | None]) -> Negatives | None:
    known = [one for one in found if one is not None]
    if not known:
        return None
    return Negatives(
        strategy=np.concatenate([one.strategy for one in known]),
        rank=np.concatenate([one.rank for one in known]),
        score=np.concatenate([one.score for one in known]),
    )


def _evidence(drafts: Sequence[Draft]) -> Evidence | None:
    starts = np.cumsum([0, *(draft.size for draft in drafts)])
    pairs = [(start, draft.evidence) for start, draft in zip(starts[:-1], drafts, strict=True)]
    known = [(start, found) for start, found in pairs if found is not None]
    if not known:
        return None
    said = [_words([getattr(found, name) for _, found in known]) for name in ("attr", "value_a", "value_b", "verdict")]
    return Evidence(np.concatenate([found.row + start for start, found in known]), *said)
