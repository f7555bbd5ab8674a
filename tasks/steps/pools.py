"""The people that questions are asked about, read from the steps of all sources; one reading serves many families.

Only the columns and rows that a pool keeps are read, source by source, so that a quarter of a million pictures take
some hundred megabytes. A pool is kept for the families that come after, until `forget_pools` says that they are done.

For families that are composed in processes of their own the pools are laid out in files, which all of them map:

    with people_laid_out(store, parts, recipe, linked, families) as people:
        ...  # compose(store, parts, recipe, family, linked, people)
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators import attribute_masks, links, pool
from schemas.keys import digest
from schemas.question import Pool
from schemas.recipe import Family, Recipe
from schemas.tables import TABLES
from tasks.steps.apart import apart
from tasks.steps.parts import SourceParts, read_table
from tasks.steps.pool_files import laid_out, lay_out
from tasks.steps.store import LAID_OUT, StepOutput

_CAPTIONS = ("caption_id", "image_id", "text", "caption_source", "style", "language", "valid", "n_words")
_ATTRIBUTES = ("level", "image_id", "person_key", "clothes_key", "key", "value", "visible", "attribute_source")
_FAR = "dissimilar"
_NEIGHBOURS = ("anchor_id", "rank", "candidate_id", "distance", "miner")
_SIZES = ("image_id", "width", "height", "phash")
_MOST_KEPT = 3
_WITHHELD_COUNT = "withheld.json"


class _Kept:
    """What was made for a key, once even when two threads ask for it; the oldest goes when there are too many."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: dict[str, Any] = {}

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        """What stands under the key, made now when nothing does."""
        with self._lock:
            if key not in self._made:
                while len(self._made) >= _MOST_KEPT:
                    del self._made[next(iter(self._made))]
                self._made[key] = make()
            return self._made[key]

    def forget(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._made.clear()


_POOLS, _WITHHELD = _Kept(), _Kept()


def forget_pools() -> None:
    """Give the memory of the kept pools back, once all families are composed."""
    _POOLS.forget()
    _WITHHELD.forget()
    give_back()


def give_back() -> None:
    """Give freed memory back to the machine, Arrow's and everybody else's: what one family took the next may need."""
    pa.default_memory_pool().release_unused()
    pa.system_memory_pool().release_unused()


def read_pool(
    store: Path, parts: Sequence[SourceParts], split: str, withheld: set[str], also: Sequence[str] = ()
) -> Pool:
    """The people of one split over all sources, with what was described and mined of them."""
    out = sorted(withheld) if split != "test" else []
    splits = [split, *(also if split == "train" else ())]
    steps = [[part.ingested.digest, part.described.digest, part.mined.digest] for part in parts]
    made: Pool = _POOLS.get(digest([str(store), steps, splits, out]), lambda: _built(store, parts, splits, out))
    return made


@dataclass(frozen=True, slots=True)
class People:
    """Whom a recipe may ask about: read from the steps of its sources, or mapped from `folder` where it is given."""

    store: Path
    parts: Sequence[SourceParts]
    recipe: Recipe
    linked: StepOutput | None
    folder: Path | None = None

    def withheld(self) -> int:
        """How many persons are kept out of training, see `withheld_persons`."""
        if self.folder is None:
            return len(self._withheld())
        return int(json.loads((self.folder / _WITHHELD_COUNT).read_bytes()))

    def pool(self, split: str, quota: Family) -> Pool:
        """The people of one split as a family's options want them."""
        also = _also(quota)
        if self.folder is None:
            return read_pool(self.store, self.parts, split, self._withheld(), also)
        return laid_out(self.folder / _folder_of(split, also))

    def lay_out(self, folder: Path, split: str, also: Sequence[str]) -> None:
        """Read the people of one split and write them into the folder, where `pool` finds them."""
        withheld = self._withheld()
        lay_out(read_pool(self.store, self.parts, split, withheld, also), folder / _folder_of(split, also))
        (folder / _WITHHELD_COUNT).write_text(str(len(withheld)))

    def _withheld(self) -> set[str]:
        return withheld_persons(self.parts, self.linked, self.recipe.link.accepted())


@contextmanager
def people_laid_out(
    store: Path, parts: Sequence[SourceParts], recipe: Recipe, linked: StepOutput | None, families: Sequence[str]
) -> Iterator[Path]:
    """A folder of the people whom families of the recipe ask about, for `People.folder`; it goes with the block."""
    people = People(store, sorted(parts, key=lambda part: part.source), recipe, linked)
    quotas = [recipe.families[family] for family in families]
    asked = sorted({(split, _also(quota)) for quota in quotas for split in quota.rows})
    folder = Path(tempfile.mkdtemp(prefix=LAID_OUT, dir=store))
    try:
        for split, also in asked:
            apart(people.lay_out, folder, split, also)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _also(quota: Family) -> tuple[str, ...]:
    return tuple(quota.options.get("also_splits", ()))


def _folder_of(split: str, also: Sequence[str]) -> str:
    return "-".join(["people", split, *(also if split == "train" else ())])


def _built(store: Path, parts: Sequence[SourceParts], splits: Sequence[str], withheld: Sequence[str]) -> Pool:
    """The pool, to which one large table after another is added: none of them is held while the next one is read."""
    people = [_people(part.ingested, splits) for part in parts]
    pairs = list(zip(parts, people, strict=True))
    made = _without_words(store, parts, people, splits, withheld)
    made = replace(made, values=attribute_masks.values_of(made.table, _attributes(pairs)))
    give_back()
    ids = made.table.column("image_id").combine_chunks()
    made = replace(made, captions=pool.captions_of(ids, pa.concat_tables([_captions(*pair) for pair in pairs])))
    give_back()
    for part in parts:
        near = _neighbours(part.mined)
        if near.num_rows:
            made = replace(made, neighbours=pool.together(made.neighbours, pool.neighbours_of(ids, near)))
        give_back()
    return made


def _without_words(
    store: Path,
    parts: Sequence[SourceParts],
    people: Sequence[pa.Table],
    splits: Sequence[str],
    withheld: Sequence[str],
) -> Pool:
    """The people alone, and the distractors beside them: nothing is said or mined of them yet."""
    nobody = [_distractors(part.ingested, splits[0]) for part in parts]
    pairs = [*zip(parts, people, strict=True), *zip(parts, nobody, strict=True)]
    return pool.build_pool(
        splits[0],
        pa.concat_tables(people),
        pa.concat_tables([image_sizes(store, part.ingested, shown) for part, shown in pairs]),
        withheld=withheld,
        also=splits[1:],
        distractors=pa.concat_tables(nobody),
        seen=_seen([part.mined for part in parts]),
    )


def _attributes(pairs: Sequence[tuple[SourceParts, pa.Table]]) -> pa.Table:
    """The attributes of the people, of their persons and of their outfits."""
    named_by = ["image_id", "person_key", "clothes_key"]
    return pa.concat_tables(
        [_about(part.described, "attributes", _ATTRIBUTES, shown, named_by) for part, shown in pairs]
    )


def _people(ingested: StepOutput, splits: Sequence[str]) -> pa.Table:
    """The normal images of the splits."""
    wanted = {"split": splits, "role_flag": ["normal"]}
    return _filtered(ingested.folder / "person_images.parquet", "person_images", [*pool.KEPT, *wanted], wanted)


def _distractors(ingested: StepOutput, split: str) -> pa.Table:
    """The images of nobody that rows of the split may show: those of the test halves for test, none for others."""
    wanted = {"role_flag": ["distractor"], "source_split": pool.TEST_HALVES if split == "test" else ()}
    return _filtered(ingested.folder / "person_images.parquet", "person_images", [*pool.KEPT, *wanted], wanted)


def _captions(part: SourceParts, people: pa.Table) -> pa.Table:
    """The captions about the people, each with how near it is to its image where a model measured that."""
    said = _about(part.described, "captions", _CAPTIONS, people, ["image_id"])
    near = pa.chunked_array([pa.nulls(said.num_rows, pa.float32())])
    path = part.described.folder / "text_scores.parquet"
    if path.is_file():
        scores = _filtered(path, "text_scores", ["caption_id", "measure", "score"], {"measure": [_FAR]})
        place = pc.index_in(said["caption_id"], value_set=scores["caption_id"].combine_chunks())
        near = pc.subtract(1.0, scores["score"].cast(pa.float64())).cast(pa.float32()).take(place)
    return said.append_column("similarity", near)


def _about(
    described: StepOutput, table: str, columns: Sequence[str], people: pa.Table, named_by: Sequence[str]
) -> pa.Table:
    """The rows of a table that name one of the people, in any of the columns `named_by`."""
    wanted = {name: pc.unique(people.column(name)).drop_null() for name in named_by}
    return _filtered(described.folder / f"{table}.parquet", table, columns, wanted, any_of=True)


def _filtered(
    path: Path, table: str, columns: Sequence[str], wanted: Mapping[str, Iterable[Any]], any_of: bool = False
) -> pa.Table:
    """Some columns of a step's table, and the rows whose columns hold wanted values: all of them, or any."""
    schema = pa.schema([TABLES[table].schema.field(name) for name in columns])
    if not path.is_file():
        return schema.empty_table()
    found = pq.ParquetFile(path).read(columns=list(columns)).select(columns).replace_schema_metadata(None)
    tests = [pc.is_in(found.column(name), value_set=pa.array(values, pa.string())) for name, values in wanted.items()]
    return found.filter(reduce(pc.or_ if any_of else pc.and_, tests)).cast(schema)


def _neighbours(mined: StepOutput) -> pa.Table:
    """The neighbours of a source; ids are indices into their dictionary, for each stands there many times."""
    path = mined.folder / "neighbours.parquet"
    schema = pa.schema([TABLES["neighbours"].schema.field(name) for name in _NEIGHBOURS])
    names = [field.name for field in schema if pa.types.is_string(field.type)]
    coded = pa.schema([f.with_type(pa.dictionary(pa.int32(), pa.string())) if f.name in names else f for f in schema])
    if not path.is_file():
        return coded.empty_table()
    found = pq.ParquetFile(path, read_dictionary=names).read(columns=list(_NEIGHBOURS)).select(_NEIGHBOURS)
    return found.replace_schema_metadata(None).cast(coded)


def _seen(mined: Sequence[StepOutput]) -> pa.Table | None:
    """What the miner saw in the pictures of all sources; None where its steps kept nothing of it."""
    paths = [step.folder / "seen.parquet" for step in mined]
    tables = [pq.read_table(path).replace_schema_metadata(None) for path in paths if path.is_file()]
    return pa.concat_tables(tables) if tables else None


def image_sizes(store: Path, ingested: StepOutput, people: pa.Table) -> pa.Table:
    """image_id, width, height and perceptual hash of the stored images of some people of a source."""
    wanted = {"image_id": people.column("image_id").combine_chunks()}
    packs = [store / "packs" / pack["file"] for pack in ingested.facts["packs"]]
    empty = pa.schema([TABLES["images"].schema.field(name) for name in _SIZES]).empty_table()
    return pa.concat_tables([empty, *(_filtered(path, "images", _SIZES, wanted) for path in packs)])


def withheld_persons(
    parts: Sequence[SourceParts], linked: StepOutput | None, accepted: Sequence[Mapping[str, str]] = ()
) -> set[str]:
    """Persons of any other split whose cluster of linked identities also holds a test person, but for accepted ones."""
    if linked is None:
        return set()
    key = digest([linked.digest, [part.ingested.digest for part in parts], list(map(dict, accepted))])
    found: set[str] = _WITHHELD.get(key, lambda: _withheld(parts, linked, accepted))
    return found


def _withheld(parts: Sequence[SourceParts], linked: StepOutput, accepted: Sequence[Mapping[str, str]]) -> set[str]:
    rows = read_table(linked, "identity_links").select(["person_a", "person_b"])
    tested: set[str] = set()
    for part in parts:
        path = part.ingested.folder / "person_images.parquet"
        shown = _filtered(path, "person_images", ["person_key", "split"], {"split": ["test"]})
        tested |= set(pc.unique(shown.column("person_key")).drop_null().to_pylist())
    pairs = zip(*rows.to_pydict().values(), strict=True)
    return {person for person, _, reason in links.leaks(pairs, sorted(tested), accepted) if reason is None}
