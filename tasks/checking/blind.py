"""What a solver without eyes can see: words and wording of the prompt, cameras, sizes, sources, frame gaps; no pixels.

Two shapes: `row_features` has one line per conversation (yes/no and attribute answers), `candidate_features` one per
alternative of a pick (every candidate image, then None).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Staged
from schemas.keys import hash_ids
from tasks.checking.rows import Facts, Shown, Texts, codes, facts, numbers, shown, texts
from tasks.contracts.paths import cells

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
COLUMNS = ("sample_id", "family", "subtask", "split", "images", "texts", "turns", "answer", "template")
_CAMERAS = 16
_SOURCES = 4
_PLACES = 12
_WORDINGS = 64


@dataclass(frozen=True)
class Blind:
    """A version as the blind solver sees it; `hashed_words` is the width of the bag of words."""

    staged: Staged
    hashed_words: int

    @cached_property
    def facts(self) -> Facts:
        """One value per conversation."""
        return facts(self.staged)

    @cached_property
    def shown(self) -> Shown:
        """One value per shown image."""
        return shown(self.staged)

    @cached_property
    def first(self) -> Ints:
        """The place among the shown images of each row's image 1; -1 for rows without images."""
        return self.place_of(1)

    @cached_property
    def person(self) -> Ints:
        """A code of the person in each row's image 1: rows of one person are not independent."""
        return codes(self._of_first("person_key"))

    @cached_property
    def modality(self) -> Texts:
        """The modality of each row's image 1."""
        return self._of_first("modality")

    @cached_property
    def source(self) -> Texts:
        """The source of each row's image 1."""
        return self._of_first("source")

    def prompts(self, rows: Ints) -> list[str]:
        """All that the user says in some rows."""
        turns = self.staged.table("conversations", ["turns"]).column("turns").take(pa.array(rows)).to_pylist()
        return [" ".join(turn["text"] for turn in listed if turn["role"] == "user") for listed in turns]

    def _of_first(self, name: str) -> Texts:
        found = self.shown.texts(name)
        blank = np.full(1, None, dtype=object)
        return np.asarray(np.concatenate([found, blank])[self.first], dtype=object)

    def place_of(self, number: int) -> Ints:
        """The place among the shown images of each row's image of that number; -1 where there is none."""
        places = np.full(len(self.facts), -1, dtype=np.int64)
        here = np.flatnonzero(self.shown.number == number)
        places[self.shown.row[here]] = here
        return places

    @cached_property
    def words(self) -> Floats:
        """Which hashed words a row's prompt holds, and how many words: (rows, hashed_words + 1).

        Texts that a prompt quotes stand in it; those that a row only keeps beside it may be its answer.
        """
        turns = cells(self.staged.table("conversations", ["turns"]), "turns[]")
        asked = pc.equal(pc.struct_field(turns.values, "role"), "user")
        return self._bag(pc.struct_field(turns.values, "text").filter(asked), turns.rows.filter(asked))

    def _bag(self, lines: pa.Array, rows: pa.Array) -> Floats:
        plain = pc.replace_substring_regex(pc.utf8_lower(lines), r"\[\[image:\d+\]\]|[^a-z ]", " ")
        listed = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(plain))
        split = pc.list_flatten(listed).dictionary_encode()
        buckets = (hash_ids(split.dictionary.to_pylist()) % np.uint64(self.hashed_words)).astype(np.int64)
        at = rows.take(pc.list_parent_indices(listed)).to_numpy()
        bag = np.zeros((len(self.facts), self.hashed_words + 1))
        bag[at, buckets[split.indices.to_numpy()]] = 1.0
        bag[:, -1] = np.log1p(np.bincount(at, minlength=len(bag)))
        return bag

    @cached_property
    def sizes(self) -> Floats:
        """Logarithms of width, height and encoded bytes of each shown image: (shown, 3)."""
        stored = self.staged.table("images", ["image_id", "n_bytes"])
        places = pc.index_in(self.shown.table.column("image_id"), value_set=stored.column("image_id").combine_chunks())
        n_bytes = numbers(stored.column("n_bytes").combine_chunks().take(places.combine_chunks()), 1)
        plain = [self.shown.numbers("width", 1), self.shown.numbers("height", 1), n_bytes]
        return np.asarray(np.log(np.maximum(np.stack(plain, axis=1), 1)), dtype=np.float64)

    @cached_property
    def places(self) -> Floats:
        """Hashed camera and source of each shown image, one column per bucket: (shown, 20)."""
        return np.hstack(
            [_one_hot(self.shown.texts("cam_key"), _CAMERAS), _one_hot(self.shown.texts("source"), _SOURCES)]
        )

    @cached_property
    def wordings(self) -> Floats:
        """Which paraphrase words a row, one column each: (rows, 64)."""
        number = numbers(cells(self.staged.table("conversations", ["template"]), "template.paraphrase_no").values, 0)
        return np.asarray(np.eye(_WORDINGS)[number % _WORDINGS])

    def beside(self, first: Ints, second: Ints) -> Floats:
        """What two shown images share: camera, modality, source, frames apart within one camera, size: (n, 7)."""
        camera, modality = codes(self.shown.texts("cam_key")), codes(self.shown.texts("modality"))
        frame = self.shown.numbers("frame")
        same = camera[first] == camera[second]
        dated = same & (frame[first] >= 0) & (frame[second] >= 0)
        gap = np.where(dated, np.log1p(np.abs(frame[first] - frame[second])), 0.0)
        apart = np.abs(self.sizes[first] - self.sizes[second])
        source = codes(self.shown.texts("source"))
        plain = [same, modality[first] == modality[second], source[first] == source[second], gap]
        return np.hstack([np.stack(plain, axis=1).astype(np.float64), apart])


def _one_hot(values: Texts, buckets: int) -> Floats:
    known = pa.array(values, pa.string()).fill_null("").dictionary_encode()
    bucket = (hash_ids(known.dictionary.to_pylist()) % np.uint64(buckets)).astype(np.int64)
    return np.asarray(np.eye(buckets)[bucket[known.indices.to_numpy()]])


def row_features(blind: Blind, rows: Ints, kinds: Ints | None = None) -> Floats:
    """What may be seen of some rows; `kinds` are codes of what is asked, given one column each."""
    first, second = blind.first[rows], blind.place_of(2)[rows]
    parts = [np.ones((len(rows), 1)), blind.words[rows], blind.wordings[rows]]
    for places in (first, second):
        seen = np.hstack([blind.places, blind.sizes])[places]
        parts.append(np.where(places[:, None] >= 0, seen, 0.0))
    paired = (first >= 0) & (second >= 0)
    parts.append(np.where(paired[:, None], blind.beside(first, second), 0.0))
    if kinds is not None:
        parts.append(np.eye(int(kinds.max()) + 1)[kinds])
    return np.hstack(parts)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The alternatives of some picks: `row` counts them 0..n-1, `number` is the image number or 0 for None."""

    features: Floats
    row: Ints
    number: Ints
    gold: Mask


def candidate_features(blind: Blind, rows: Ints) -> Candidates:
    """Every candidate image of some picks, and None."""
    counted = np.full(len(blind.facts), -1, dtype=np.int64)
    counted[rows] = np.arange(len(rows))
    is_query = np.isin(blind.shown.texts("role").astype(str), ("query", "query_extra", "clothes_template"))
    at = np.flatnonzero((counted[blind.shown.row] >= 0) & ~is_query)
    owner = blind.shown.row[at]
    query = blind.first[owner]
    has_query = is_query[query]
    members = np.maximum(np.bincount(owner, minlength=len(counted)), 1)
    middle = np.stack([np.bincount(owner, blind.sizes[at, i], len(counted)) / members for i in range(3)], axis=1)
    seen = np.hstack(
        [
            np.eye(_PLACES + 1)[np.minimum(blind.shown.number[at], _PLACES)],
            blind.places[at],
            blind.sizes[at] - middle[owner],
            np.where(has_query[:, None], blind.beside(query, at), 0.0),
        ]
    )
    nothing = np.hstack([np.ones((len(rows), 1)), blind.words[rows], blind.wordings[rows]])
    features = np.zeros((len(at) + len(rows), seen.shape[1] + nothing.shape[1]))
    features[: len(at), : seen.shape[1]] = seen
    features[len(at) :, seen.shape[1] :] = nothing
    row = np.concatenate([counted[owner], np.arange(len(rows))])
    number = np.concatenate([blind.shown.number[at], np.zeros(len(rows), dtype=np.int64)])
    order = np.lexsort((number, row))
    gold = number == blind.facts.gold_index[rows][row]
    return Candidates(features[order], row[order], number[order], gold[order])


def answers_as_codes(blind: Blind, rows: Ints) -> Ints:
    """Equal answers as equal numbers; a reason after a yes or no is no part of the answer."""
    decided = blind.facts.gold_bool[rows]
    return codes(np.where(decided < 0, blind.facts.text[rows], np.where(decided == 1, "Yes", "No")))


def asked_as_codes(blind: Blind, rows: Ints) -> Ints:
    """What is asked, and of which modality, as numbers: the base rate of each is known to anyone."""
    asked = blind.facts.subtask[rows] + "\0" + np.asarray(blind.modality[rows], dtype=object).astype(str)
    return codes(texts(pa.array(asked, pa.string())))
