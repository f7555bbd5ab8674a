"""From a family's draft to rows of `conversations`: text, nested columns and ids, all built as flat Arrow arrays.

    rows = choose_rows("SAME_YN", question, wording, pool, recipe_family, seed=7, pixel_budget=(…, …))
    for table in rows.blocks():
        ...

Nested columns are offsets over flat arrays, so a million rows cost a few array operations and no Python object each.
A row's id is a hash of what it shows (family, subtask, paraphrase, images and texts in order, k): it survives rebuilds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.by_source import composed
from generators.facts import confirmed
from generators.golds import answer_struct, answer_words
from generators.pool import whole
from generators.wording import Wording, render
from schemas.errors import BadTable
from schemas.keys import Words, hash_ids, mix, seed_of
from schemas.question import DIFFICULTIES, NOBODY, STRATEGIES, Ask, Draft, Ints, Pool, Question
from schemas.recipe import Family
from schemas.tables import CONVERSATIONS

BLOCK_ROWS = 16_384
_REPEATED = (
    "image_id", "source", "person_key", "cam_key", "clothes_key", "modality", "frame", "width", "height",
)  # fmt: skip
_REF = CONVERSATIONS.schema.field("images").type.value_type
_TEXT = CONVERSATIONS.schema.field("texts").type.value_type
_TURN = CONVERSATIONS.schema.field("turns").type.value_type
_NEGATIVE = CONVERSATIONS.schema.field("negatives").type.value_type
_EVIDENCE = CONVERSATIONS.schema.field("rationale").type.field("evidence").type.value_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of one family over one pool before wording: `draft` in the order of `ids` once taken by `order`.

    `shortfall` says why there are fewer rows than asked for, "" when there are not.
    """

    question: Question
    wording: Wording
    pool: Pool
    draft: Draft
    ids: Words
    order: Ints
    fixed: Mapping[str, Any]
    shortfall: str

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.draft.size

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[pa.Table]:
        """The rows in words and nested columns, in the order of their ids, so many at a time."""
        for start in range(0, self.size, size):
            at = self.order[start : start + size]
            rows = part(self.draft, at)
            yield _block(self.question.answer, self.wording, self.pool, rows, self.ids[at], self.fixed)


def choose_rows(
    family: str,
    question: Question,
    wording: Wording,
    pool: Pool,
    quota: Family,
    seed: int,
    pixel_budget: tuple[int, int],
) -> Rows:
    """Which rows a family gets over one pool, by numbers alone. Raises BadTable when two of them have one id."""
    rows = quota.rows.get(pool.split, 0)
    wording = wording.first(int(quota.options.get("wordings", len(wording.paraphrases))))
    draft = composed(
        question.compose,
        Ask(
            pool=pool,
            rows=rows,
            seed=seed_of(family, seed),
            paraphrases=wording.usable(pool.split),
            words=wording.words,
            options=quota.options,
        ),
    )
    if quota.options.get("confidence") and draft.texts is not None:
        draft = replace(draft, confidence=confirmed(pool, _caption(draft.texts, draft.text_strategies)))
    ids = row_words(family, draft, pool)
    order = np.argsort(ids, kind="stable")
    if np.any(ids[order[1:]] == ids[order[:-1]]):
        raise BadTable(f"Two rows of {family!r} have one id: its draft must say in `asked` what tells them apart.")
    return Rows(
        question=question,
        wording=wording,
        pool=pool,
        draft=draft,
        ids=ids,
        order=order,
        fixed={"family": family, "stage": quota.stage, "seed": seed, "budget": pixel_budget},
        shortfall=draft.shortfall if draft.size < rows else "",
    )


def _caption(texts: Ints, strategies: Ints | None) -> Ints:
    """The caption that each row rests on: its first text, or the first that is no negative where some of them are."""
    if strategies is None:
        return texts[:, 0]
    right = np.argmax(strategies == NOBODY, axis=1)[:, None]
    return np.asarray(np.take_along_axis(texts, right, axis=1)[:, 0])


def row_words(family: str, draft: Draft, pool: Pool) -> Words:
    """One 64-bit word per row: a hash of the family and of everything the row shows."""
    if not draft.size:
        return np.zeros(0, dtype=np.uint64)
    subtasks = draft.subtask.dictionary_encode()
    subtask = hash_ids(subtasks.dictionary.to_pylist())[subtasks.indices.to_numpy()]
    shown = [_word_at(pool.shown_words, column) for column in draft.images.T]
    read = [] if draft.texts is None else [_word_at(pool.captions.words, column) for column in draft.texts.T]
    asked = [] if draft.asked is None else [draft.asked]
    words = [subtask, draft.paraphrase.astype(np.uint64), *asked, *shown, *read, draft.k.astype(np.uint64)]
    return mix(seed_of(family), *words)


def _word_at(words: Words, at: Ints) -> Words:
    padded = np.append(words, np.uint64(0))
    return padded[at]


def part(draft: Draft, at: Ints) -> Draft:
    """Some rows of a draft, in the order asked."""
    rows = pa.array(at)
    negatives = draft.negatives
    if negatives is not None:
        negatives = type(negatives)(strategy=negatives.strategy[at], rank=negatives.rank[at], score=negatives.score[at])
    return Draft(
        images=draft.images[at],
        roles=draft.roles,
        k=draft.k[at],
        paraphrase=draft.paraphrase[at],
        subtask=_words(draft.subtask, rows),
        gold=None if draft.gold is None else draft.gold[at],
        answer=None if draft.answer is None else _words(draft.answer, rows),
        asked=None if draft.asked is None else draft.asked[at],
        lettered=draft.lettered,
        reason=None if draft.reason is None else _words(draft.reason, rows),
        evidence=None if draft.evidence is None else draft.evidence.take(at, draft.size),
        difficulty=None if draft.difficulty is None else draft.difficulty[at],
        regions=draft.regions,
        between=tuple(_words(turn, rows) for turn in draft.between),
        thought=None if draft.thought is None else _words(draft.thought, rows),
        kinds=None if draft.kinds is None else draft.kinds[at],
        text_strategies=None if draft.text_strategies is None else draft.text_strategies[at],
        confidence=None if draft.confidence is None else draft.confidence[at],
        remarks=tuple(remark.take(rows) for remark in draft.remarks),
        n_options=None if draft.n_options is None else draft.n_options[at],
        texts=None if draft.texts is None else draft.texts[at],
        text_role=draft.text_role,
        slots={name: _words(column, rows) for name, column in draft.slots.items()},
        negatives=negatives,
    )


def _words(column: pa.Array, rows: pa.Array) -> pa.Array:
    """The words of some rows of a column, which may be numbers that point into a table."""
    taken = column.take(rows)
    return taken.dictionary_decode() if pa.types.is_dictionary(taken.type) else taken


def _block(kind: str, wording: Wording, pool: Pool, draft: Draft, ids: Words, fixed: Mapping[str, Any]) -> pa.Table:
    n = draft.size
    answer = answer_words(kind, draft)
    columns = {
        "sample_id": _names(str(fixed["family"]), ids),
        "stage": pa.repeat(pa.scalar(fixed["stage"], pa.int8()), n),
        "family": _same(fixed["family"], n),
        "subtask": draft.subtask,
        "split": _same(pool.split, n),
        "images": _images(draft, pool),
        "texts": _texts(draft, pool),
        "turns": turns(render(wording.paraphrases, draft.paraphrase, draft.slots), answer, draft.between),
        "answer": answer_struct(kind, draft, answer),
        "negatives": _negatives(draft, pool),
        "rationale": _rationale(draft),
        "template": _template(draft, wording, fixed),
        "quality": _quality(answer, draft, pool),
        "pixel_budget": _struct("pixel_budget", _budget(fixed["budget"], n)),
        "licence": _licences(draft, pool),
        "leak_block": _lists(pa.array([], pa.string()), np.zeros(n, dtype=np.int64), pa.string()),
    }
    schema = CONVERSATIONS.schema
    arrays = [columns.get(name) for name in schema.names]
    filled = [pa.nulls(n, schema.field(i).type) if a is None else a for i, a in enumerate(arrays)]
    return pa.Table.from_arrays(filled, schema=schema)


def _names(family: str, words: Words) -> pa.Array:
    """`same_yn-0f3a…`: the family and the 16 hex digits of each word."""
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    octets = words.astype(">u8").view(np.uint8)
    pairs = np.stack([digits[octets >> 4], digits[octets & 15]], axis=1).reshape(-1)
    offsets = np.arange(len(words) + 1, dtype=np.int32) * 16
    names = pa.StringArray.from_buffers(len(words), pa.py_buffer(offsets), pa.py_buffer(pairs.tobytes()))
    return pc.binary_join_element_wise(f"{family.lower()}-", names, "")


def _same(value: Any, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), n)


def _struct(name: str, children: Sequence[pa.Array]) -> pa.Array:
    return pa.StructArray.from_arrays(list(children), fields=list(CONVERSATIONS.schema.field(name).type))


def _lists(values: pa.Array, lengths: Ints, kind: pa.DataType) -> pa.Array:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=pa.list_(kind))


def _images(draft: Draft, pool: Pool) -> pa.Array:
    shown = draft.images != NOBODY
    at = pa.array(draft.images[shown])
    places = np.broadcast_to(np.arange(len(draft.roles)), draft.images.shape)[shown]
    table = pool.shown_table
    columns = {name: whole(table.column(name)).take(at) for name in _REPEATED}
    columns["role"] = pa.array(list(draft.roles), pa.string()).take(pa.array(places))
    columns["region"] = _regions(draft, places)
    flat = pa.StructArray.from_arrays([columns[field.name] for field in _REF], fields=list(_REF))
    return _lists(flat, shown.sum(axis=1), _REF)


def _regions(draft: Draft, places: Ints) -> pa.Array:
    """The part of each image that is shown, by the column of the draft in which it stands; null for all of it."""
    said = [draft.regions.get(at) for at in range(len(draft.roles))]
    table = pa.array([None if one is None else asdict(one) for one in said], _REF.field("region").type)
    return table.take(pa.array(places))


def _texts(draft: Draft, pool: Pool) -> pa.Array:
    texts = np.zeros((draft.size, 0), dtype=np.int64) if draft.texts is None else draft.texts
    used = texts != NOBODY
    at, table = pa.array(texts[used]), pool.captions.table
    picked = [whole(table.column(name)).take(at) for name in ("caption_id", "caption_source", "text")]
    roles, languages = _same(draft.text_role, len(at)), whole(table.column("language")).take(at)
    flat = pa.StructArray.from_arrays([picked[0], roles, picked[1], picked[2], languages], fields=list(_TEXT))
    return _lists(flat, used.sum(axis=1), _TEXT)


def turns(prompts: pa.Array, answer: pa.Array, between: Sequence[pa.Array] = ()) -> pa.Array:
    """The conversation of each row: the user's prompt, the turns between (null: not in this row), the answer."""
    columns = [prompts, *between, answer]
    n, width = len(prompts), len(columns)
    said = np.stack([column.is_valid().to_numpy(zero_copy_only=False) for column in columns], axis=1)
    turn_about = np.arange(width * n).reshape(width, n).T[said]
    texts = pa.concat_arrays(columns).take(pa.array(turn_about))
    speakers = np.broadcast_to(np.arange(width) % 2, said.shape)[said]
    roles = pa.array(["user", "assistant"]).take(pa.array(speakers))
    flat = pa.StructArray.from_arrays([roles, texts], fields=list(_TURN))
    return _lists(flat, said.sum(axis=1), _TURN)


def _negatives(draft: Draft, pool: Pool) -> pa.Array:
    if draft.text_strategies is not None and draft.texts is not None:
        return _wrong_texts(draft.texts, draft.text_strategies, pool)
    if draft.negatives is None:
        return _lists(pa.array([], _NEGATIVE), np.zeros(draft.size, dtype=np.int64), _NEGATIVE)
    found = draft.negatives.strategy != NOBODY
    rank, score = draft.negatives.rank[found], draft.negatives.score[found]
    mined = rank >= 0
    miner = pool.neighbours.miner if pool.neighbours is not None else None
    children = [
        whole(pool.shown_table.column("image_id")).take(pa.array(draft.images[found])),
        pa.array(STRATEGIES, pa.string()).take(pa.array(draft.negatives.strategy[found])),
        pa.array((rank + 1).astype(np.int16), mask=~mined),
        pa.array(np.round(score, 3).astype(np.float32), mask=~mined),
        pa.array([miner], pa.string()).take(pa.array(np.zeros(len(rank), dtype=np.int64), mask=~mined)),
    ]
    flat = pa.StructArray.from_arrays(children, fields=list(_NEGATIVE))
    return _lists(flat, found.sum(axis=1), _NEGATIVE)


def _wrong_texts(texts: Ints, strategies: Ints, pool: Pool) -> pa.Array:
    found = strategies != NOBODY
    children = [
        whole(pool.captions.table.column("caption_id")).take(pa.array(texts[found])),
        pa.array(STRATEGIES, pa.string()).take(pa.array(strategies[found])),
    ]
    children += [pa.nulls(len(children[0]), field.type) for field in list(_NEGATIVE)[2:]]
    flat = pa.StructArray.from_arrays(children, fields=list(_NEGATIVE))
    return _lists(flat, found.sum(axis=1), _NEGATIVE)


def _template(draft: Draft, wording: Wording, fixed: Mapping[str, Any]) -> pa.Array:
    n = draft.size
    return _struct(
        "template",
        [
            _same(str(fixed["family"]).lower(), n),
            pa.repeat(pa.scalar(wording.version, pa.int16()), n),
            pa.array(draft.paraphrase.astype(np.int16)),
            pa.repeat(pa.scalar(fixed["seed"], pa.uint64()), n),
        ],
    )


def _rationale(draft: Draft) -> pa.Array | None:
    """What the answer rests on, for families that say so."""
    found = draft.evidence
    if found is None:
        return None
    lines = pa.StructArray.from_arrays(
        [found.attr, found.value_a, found.value_b, found.verdict], fields=list(_EVIDENCE)
    )
    listed = _lists(lines, np.bincount(found.row, minlength=draft.size), _EVIDENCE)
    told = draft.thought if draft.reason is None else draft.reason
    text = pa.nulls(draft.size, pa.string()) if told is None else told
    return _struct("rationale", [text, listed])


def _quality(answer: pa.Array, draft: Draft, pool: Pool) -> pa.Array:
    n = draft.size
    n_words = pc.add(pc.count_substring(answer, " "), 1).cast(pa.int32())
    none = pa.nulls(n, pa.float32())
    near = none
    if draft.confidence is not None and draft.texts is not None and pool.captions.similarity is not None:
        caption = _caption(draft.texts, draft.text_strategies)
        near = pa.array(pool.captions.similarity[caption], from_pandas=True)
    trust = none if draft.confidence is None else pa.array(draft.confidence, from_pandas=True)
    return _struct("quality", [near, trust, none, n_words, _flags(draft)])


def _flags(draft: Draft) -> pa.Array:
    """The difficulty of each row, where it is told, and its remarks."""
    columns = list(draft.remarks)
    if draft.difficulty is not None:
        named = pa.array([f"difficulty_{name}" for name in DIFFICULTIES])
        columns.insert(0, named.take(pa.array(draft.difficulty)))
    if not columns:
        return _lists(pa.array([], pa.string()), np.zeros(draft.size, dtype=np.int64), pa.string())
    said = np.stack([column.is_valid().to_numpy(zero_copy_only=False) for column in columns], axis=1)
    in_turn = np.arange(said.size).reshape(len(columns), draft.size).T[said]
    return _lists(pa.concat_arrays(columns).take(pa.array(in_turn)), said.sum(axis=1), pa.string())


def _budget(budget: tuple[int, int], n: int) -> list[pa.Array]:
    return [pa.repeat(pa.scalar(pixels, pa.int32()), n) for pixels in budget]


def _licences(draft: Draft, pool: Pool) -> pa.Array:
    """The licence of each row's source; all pictures of a row come from one source, so one licence is their union.

    A row of texts alone has that of the picture which its first text describes.
    """
    at = draft.images[:, 0]
    if draft.texts is not None:
        at = np.where(at == NOBODY, pool.captions.image[draft.texts[:, 0]], at)
    licences = whole(pool.table.column("license_id")).take(pa.array(at))
    return _lists(licences, np.ones(draft.size, dtype=np.int64), pa.string())
