"""VIEW_VIS: from which side is the person seen, what is hidden, and is it a picture in colour or in infrared?

What is hidden is asked in two ways: as a label of the picture says it (`occlusion`), and by what records say can or
cannot be seen of the head, the torso and the legs (`hidden_part`), where that is known of all three. Each is only asked
in sources that know at least two answers to it, and those are asked as evenly as the pictures allow.
"""

from collections.abc import Iterator

import numpy as np

from generators.attribute_masks import is_single, mask_of, words_of
from generators.choosing import Units, content, wording_in_turn
from generators.portraits import is_known
from generators.quotas import fill_quota, shortfall
from generators.wording import coded_words
from schemas.keys import mix, seed_of
from schemas.question import HIDDEN, Ask, Draft, Example, Ints, Masks, Pool, Question

KEYS = ("viewpoint", "occlusion", "modality", "hidden_part")
_TOLD_BY = {
    "head": ("hair_length", "headwear"),
    "torso": ("upper_type", "upper_sleeve"),
    "legs": ("lower_type", "lower_length"),
}
"""The attributes that tell whether a part can be seen, whatever the lamp and the side it is seen from."""
_PARTS = sum(mask_of("occlusion", part) for part in ("none", *_TOLD_BY))
_PHOTOGRAPHS = sum(mask_of("modality", name) for name in ("rgb", "near_infrared", "thermal"))


def compose(ask: Ask) -> Draft:
    """Rows over (picture, question); a picture is asked the same again only in other words."""
    units = fill_quota(ask, _levels(ask), ask.rows, names={"subtask": KEYS})
    reason = "too few pictures whose source knows different views, occlusions, hidden parts or modalities"
    return _draft(ask, units, shortfall(ask, units, reason, ask.rows, {"subtask": KEYS}))


def _levels(ask: Ask) -> Iterator[Units]:
    values = [_hidden_part(ask.pool) if key == "hidden_part" else ask.pool.values[key] for key in KEYS]
    anchors = [_askable(ask, key, of_key) for key, of_key in zip(KEYS, values, strict=True)]
    for k in range(len(ask.paraphrases)):
        yield Units.join([_of_key(ask, at, values[at], anchors[at], k) for at in range(len(KEYS))])


def _hidden_part(pool: Pool) -> Masks:
    """The part of each picture that cannot be seen, as values of `occlusion`; 0 where not all of them are told of.

    Attributes may come from other pictures of a person: nothing is asked unless something is known of this very one,
    the side it is taken from, what hides the person or what cannot be seen, and no label of it says otherwise.
    """
    label = pool.values["occlusion"]
    looked_at = is_known(label) | is_known(pool.values["viewpoint"])
    told, hidden = np.ones(pool.size, dtype=np.bool_), np.zeros(pool.size, dtype=np.uint32)
    for part, keys in _TOLD_BY.items():
        masks = np.stack([pool.values[key] for key in keys])
        seen, unseen = is_known(masks).any(axis=0), ((masks & HIDDEN) != 0).any(axis=0)
        told &= seen | unseen
        looked_at |= unseen
        hidden |= np.where(seen, 0, mask_of("occlusion", part)).astype(np.uint32)
    answer = np.where(hidden == 0, mask_of("occlusion", "none"), hidden)
    agrees = ((label & np.uint32(_PARTS)) == 0) | (label == answer)
    return np.where(told & looked_at & agrees, answer, 0).astype(np.uint32)


def _askable(ask: Ask, key: str, values: Masks) -> Ints:
    """Pictures with one known value of a key, from sources that have several values of it."""
    source = ask.pool.source
    told = is_single(values)
    if key == "modality":
        told &= (values & np.uint32(_PHOTOGRAPHS)) != 0
    pairs = np.unique(np.stack([source[told], values[told].astype(np.int64)]), axis=1)
    several, counts = np.unique(pairs[0], return_counts=True)
    return np.flatnonzero(told & np.isin(source, several[counts > 1]))


def _of_key(ask: Ask, at: int, values: Masks, anchors: Ints, k: int) -> Units:
    words, key = ask.pool.words[anchors], seed_of(KEYS[at])
    paraphrase = wording_in_turn(ask.paraphrases, words, mix(ask.seed, key)[0], k)
    mask = values[anchors].astype(np.int64)
    which = np.full(len(anchors), at, dtype=np.int64)
    columns = {"subtask": which, "group": which, "cell": which << 32 | mask, "mask": mask, "paraphrase": paraphrase}
    shown = (content(words, key, paraphrase.astype(np.uint64)),)
    return Units(anchors, np.full(len(anchors), k), mix(ask.seed, words, key, k), columns, shown)


def _draft(ask: Ask, units: Units, reason: str) -> Draft:
    which, mask = units.columns["subtask"], units.columns["mask"].astype(np.uint32)
    said = [
        words_of("occlusion" if key == "hidden_part" else key, np.where(which == at, mask, 0).astype(np.uint32))
        for at, key in enumerate(KEYS)
    ]
    answer = np.select([which == at for at in range(len(KEYS))], [words.to_numpy(False) for words in said], "")
    return Draft(
        images=units.anchor[:, None],
        roles=("query",),
        k=units.k,
        paraphrase=units.columns["paraphrase"],
        subtask=coded_words(KEYS, which),
        answer=coded_words(*_coded(answer)),
        slots={table: coded_words([ask.words[table][key] for key in KEYS], which) for table in ("ask", "noun")},
        shortfall=reason,
    )


def _coded(texts: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> tuple[list[str], Ints]:
    names, at = np.unique(texts.astype(str), return_inverse=True)
    return names.tolist(), at.astype(np.int64)


QUESTION = Question(
    title="The side a person is seen from, what is hidden, colour or infrared",
    answer="attr",
    compose=compose,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "viewpoint": "front"},
                {"person": "bob", "camera": "c1", "viewpoint": "back"},
            ),
            rows=2,
            answers=("front", "back"),
        ),
        Example(
            images=(
                {"person": "ann", "camera": "c1", "headwear": "cap", "upper_type": "coat", "lower_type": "not_visible"},
                {
                    "person": "bob",
                    "camera": "c1",
                    "headwear": "none",
                    "upper_type": "coat",
                    "lower_type": "skirt",
                    "viewpoint": "front",
                },
                {"person": "cid", "camera": "c1", "headwear": "none", "upper_type": "coat"},
            ),
            rows=2,
            answers=("legs", "none"),
        ),
    ),
)
