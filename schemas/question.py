"""What a question declares, and the columns it works on: one task family turns a pool of people into rows.

Everything is columnar. A `Pool` is the people of one split as parallel arrays; a position is a row number in it. A
family's `compose` answers an `Ask` with a `Draft`: flat arrays of positions and choices, never a dict per row. The
text is put in later, column by column, from the wording that stands beside the family:

    QUESTION = Question(title="Do two pictures show one person?", answer="yesno", compose=compose)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.keys import Words

Ints = npt.NDArray[np.signedinteger[Any]]
"""Whole numbers, of 64 bits unless many of them are kept at once."""
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Masks = npt.NDArray[np.uint32]
Whole = npt.NDArray[np.int16]

NOBODY = -1
"""The position, code or rank that stands for none."""

HIDDEN = np.uint32(1 << 31)
"""The bit of an attribute mask that says: somebody looked, and it cannot be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What a miner found near each image, nearest first, shape (n, k): positions (NOBODY where none) and distances."""

    near: Ints
    distance: Floats
    miner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """The usable captions of a pool: `table` has caption_id, text, caption_source, style, language.

    `image` is the position of the picture that each one describes, `words` are hashes of the caption ids and `texts` of
    what the captions say. `similarity` is the cosine of each to its picture under a frozen model, NaN where it was not
    measured.
    """

    table: pa.Table
    image: Ints
    words: Words
    texts: Words
    n_words: Ints
    similarity: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distractors:
    """Pictures that a detector took for a person: shown as wrong candidates, never asked about, of no person.

    `table` has the columns of Pool.table, `words` hash the image ids; a draft's position Pool.size + i shows the i-th.
    The codes are the pool's, NOBODY for a name that it does not have.
    """

    table: pa.Table
    words: Words
    source: Ints
    camera: Ints
    modality: Ints
    log_height: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The people of one split over all sources, one row per image, sorted by image id.

    `table` holds what a row repeats of an image (image_id, source, keys, modality, frame, width, height, licence).
    The arrays are codes for choosing: equal codes mean equal names, NOBODY means unknown, their size means nothing.
    `values[key]` is a bit mask over the vocabulary's values of that key: 0 when nobody knows, HIDDEN when invisible.
    `looks` are perceptual hashes, by which near-duplicates are told; None where nobody hashed the pictures.
    `seen` are the frozen encoder's unit vectors times 2048, rounded, a row of zeros for a picture that it did not see;
    None where the recipe keeps none. `distractors` stand apart from all of these; only the pool of the test split has
    any.
    """

    split: str
    table: pa.Table
    words: Words
    source: Ints
    person: Ints
    camera: Ints
    clothes: Ints
    modality: Ints
    infrared: Flags
    log_height: Floats
    values: Mapping[str, Masks]
    captions: Captions
    neighbours: Neighbours | None = None
    missing: tuple[str, ...] = ()
    looks: Words | None = None
    seen: Whole | None = None
    distractors: Distractors | None = None

    @property
    def size(self) -> int:
        """How many images there are."""
        return len(self.words)

    @property
    def shown_words(self) -> Words:
        """The words of all that a draft may show: the images, then the distractors."""
        return self.words if self.distractors is None else np.append(self.words, self.distractors.words)

    @property
    def shown_table(self) -> pa.Table:
        """The table of all that a draft may show: the images, then the distractors."""
        if self.distractors is None:
            return self.table
        return pa.concat_tables([self.table, self.distractors.table]).combine_chunks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a family is asked for: `rows` rows over a pool. `seed` is already the family's own.

    `paraphrases` are the numbers of the wordings that this split may use.
    """

    pool: Pool
    rows: int
    seed: np.uint64
    paraphrases: Ints
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Negatives:
    """How each shown image came in, shape of Draft.images: NOBODY strategy = it is no negative; NaN = no score."""

    strategy: Ints
    rank: Ints
    score: Floats


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the answer of each row rests on, as flat columns: `row` (ascending) says whose each line is.

    `attr` is a vocabulary key, `value_a` and `value_b` what is known of it in the two things compared, `verdict` what
    the comparison says: shared or different, supported or contradicted.
    """

    row: Ints
    attr: pa.Array
    value_a: pa.Array
    value_b: pa.Array
    verdict: pa.Array

    def take(self, rows: Ints, size: int) -> "Evidence":
        """The lines of some rows out of `size`, in the order asked."""
        counts = np.bincount(self.row, minlength=size)[rows]
        starts = np.searchsorted(self.row, rows)
        at = np.repeat(starts - np.r_[0, np.cumsum(counts)[:-1]], counts) + np.arange(counts.sum())
        lines = pa.array(at)
        columns = (column.take(lines) for column in (self.attr, self.value_a, self.value_b, self.verdict))
        return Evidence(np.repeat(np.arange(len(rows)), counts), *columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a picture: left, top, width and height as fractions of the whole."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Rows of one family before wording, n of them.

    `images` (n, w) are positions in display order, NOBODY only at the end of a row (a row of texts alone has none);
    `roles` names each of the w columns. `texts` (n, t) are caption positions. `gold` is as generators.golds says, one
    or a row of numbers each, and absent for answers that are text, which stand in `answer`; `lettered` golds count
    options A, B, … instead of images. `reason` follows a yes or no, a set or a rank; null adds nothing. `k` counts the
    rows of one anchor. `asked` is a word for what a row asks beyond its subtask, images and texts, such as a value; two
    rows that differ only there need it. `difficulty` indexes DIFFICULTIES.

    `regions` are the parts that are shown of columns of `images`, where that is not all. `between` are the turns
    between prompt and answer, assistant and user in turn, null where a row has fewer. `thought` is reasoning that
    comes before the answer. `kinds` indexes schemas.answers.KINDS where the rows of a family differ in it.
    `text_strategies` says of each text how it came in, NOBODY for one that is no negative; a draft has these or
    `negatives`. `confidence` is how far a row's caption (its first text that is no negative) can be trusted, NaN
    where nobody knows. `remarks` are further texts for `quality.flags`, null where there is nothing to say.
    """

    images: Ints
    roles: tuple[str, ...]
    k: Ints
    paraphrase: Ints
    subtask: pa.Array
    gold: Ints | None = None
    answer: pa.Array | None = None
    n_options: Ints | None = None
    asked: Words | None = None
    texts: Ints | None = None
    text_role: str = "query_caption"
    slots: Mapping[str, pa.Array] = field(default_factory=dict)
    negatives: Negatives | None = None
    lettered: bool = False
    reason: pa.Array | None = None
    evidence: Evidence | None = None
    difficulty: Ints | None = None
    regions: Mapping[int, Region] = field(default_factory=dict)
    between: tuple[pa.Array, ...] = ()
    thought: pa.Array | None = None
    kinds: Ints | None = None
    text_strategies: Ints | None = None
    confidence: Floats | None = None
    remarks: tuple[pa.Array, ...] = ()
    shortfall: str = ""

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.images)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A tiny pool and what must come of it; the tests compose it and compare.

    Each of `images` names a person and a camera and may name clothes, a modality, values of vocabulary keys, a caption.
    All of `answers` and nothing else must be given over the `rows` that are asked for.
    """

    images: tuple[Mapping[str, Any], ...]
    rows: int
    answers: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One task family. Its wording stands beside it in `<name>.yaml`; its name in upper case is the family's code.

    `answer` is a kind of schemas.answers. A pool that offers nothing for the family gives no rows and says why.
    `options` are those of a recipe that the family uses beside OPTIONS_OF_ALL; any other is refused.
    """

    title: str
    answer: str
    compose: Callable[[Ask], Draft]
    options: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    default_stage: int = 1


OPTIONS_OF_ALL = ("shares", "per_image", "per_person", "per_paraphrase", "wordings", "withhold", "also_splits")
"""The options of a recipe (schemas.recipe.Options) that every family has."""

STRANGERS = ("hard", "twins", "twin_values")
MATCHES = ("cross_camera", "frame_gap")
CAPTIONS = ("min_words", "max_words", "confidence")
"""Options of families that look for strangers, for matches by another or the same camera, that ask about captions."""

STRATEGIES = (
    "same_camera", "embedding_topk", "clothes_twin", "attribute_other", "contradicts_caption", "any_camera",
    "attribute_twin",
    "contradicts_note", "fits_note", "same_person", "contradicts_picture",
    "distractor",
)  # fmt: skip
"""How a negative may be chosen; Negatives.strategy and Draft.text_strategies index this."""

DIFFICULTIES = ("easy", "twin", "near", "nearest")
"""How hard a row is, by its hardest negative: a random stranger, an attribute or clothes twin, ranked 11 and beyond by
the frozen encoder, or ranked 1 to 10; Draft.difficulty indexes this."""

MARGINS = ("wrong", "narrow", "wide")
"""How far a frozen encoder is from the right answer by itself, see generators.margins."""
