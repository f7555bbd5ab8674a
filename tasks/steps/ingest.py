"""Ingest one raw dataset: index, verify by decode, hash, parse, pack.

A second run over an unchanged folder only lists it: the fingerprint of the listing leads to the raw digest of last
time, and that to the step's output. What comes out depends on names and bytes alone, never on the cache, on
modification times or on where the folder stands.
"""

import contextlib
import gc
import hashlib
import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from generators import own_labels, raw_files, raw_places, raw_tree
from generators.own_labels import find_own
from generators.raw_files import place_in
from generators.raw_places import find_tree
from generators.raw_tree import StoredTree, refused_rows
from schemas import rows as row_forms
from schemas import tables, vocabulary
from schemas.discovery import find
from schemas.errors import BadRawData, Withdrawn
from schemas.keys import code_revision, digest
from schemas.later import Later
from schemas.rows import Reject
from schemas.source import RawFile, RawTree, Source
from schemas.tables import PERSON_IMAGES, REJECTS, TABLES
from tasks.packs import columns, counts, decode, labels, packs, phash, squeezed
from tasks.packs import persons as naming
from tasks.packs import scan as scanning
from tasks.packs.blocked import blocked
from tasks.packs.cache import Cache, CacheDraft
from tasks.packs.columns import is_text, table_of, texts
from tasks.packs.listings import KeptListings
from tasks.packs.packs import Packer, as_facts, known_packs
from tasks.packs.persons import person_images
from tasks.packs.scan import Scan, scan
from tasks.packs.squeezed import Squeezed
from tasks.steps.store import StepOutput, find_step, run_step
from tasks.versions import writer

pc = Later("pyarrow.compute")

_USUAL = pa.default_memory_pool()

_DECODING = (decode, phash, packs, scanning)
_READING = (
    raw_tree,
    raw_files,
    raw_places,
    own_labels,
    row_forms,
    tables,
    vocabulary,
    columns,
    counts,
    labels,
    naming,
    squeezed,
    writer,
)


def ingest(
    store: Path, source: str, raw: Path, root: str | None = None, accept_withdrawn: str | None = None
) -> StepOutput:
    """Bring one raw dataset into the store. `raw` is its folder or archive, or holds it; `root` names it below `raw`.

    A dataset that was withdrawn is read only with a reason, `accept_withdrawn`, which the step's facts repeat.
    Raises UnknownName, Withdrawn, BadRawData when the folder is not that dataset or nothing in it can be read, and
    NotWritable.
    """
    declared: Source = find("generators.sources", "SOURCE", source)
    version = code_revision(*_source_modules(source), *_READING, *_DECODING, inspect.getmodule(ingest))
    tree = find_tree(source, declared, raw, root, KeptListings(store, source))
    if tree.is_drawn():
        declared = declared.as_drawn()
    declared, accepted = _accepted(source, declared, accept_withdrawn)
    job = _Job(store, source, declared, tree, version, accepted)
    with _pages_given_back(), _no_collections():
        return job.remembered() or job.done_now()


def _accepted(source: str, declared: Source, reason: str | None) -> tuple[Source, str | None]:
    """A withdrawn dataset with the reason an operator gave for using it; others need none. Raises Withdrawn."""
    if declared.access_status != "withdrawn":
        return declared, None
    if reason and reason.strip():
        return declared.as_accepted(), reason.strip()
    raise Withdrawn(
        f"{declared.title} was withdrawn by its authors, because the people in it never agreed to be in it, and is not "
        f"read: take {source!r} out of the recipe. Who must use it all the same says who and why in "
        f"`accept_withdrawn` of that source, and every version made from it repeats that."
    )


@contextlib.contextmanager
def _pages_given_back() -> Iterator[None]:
    """Arrow memory from the system's allocator: the usual one keeps the pages of every pack, 70 MB by the end."""
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(_USUAL)


def _give_pages_back() -> None:
    """Return what is free in either allocator: Parquet's encoders take from the usual one whatever they are told."""
    _USUAL.release_unused()
    pa.system_memory_pool().release_unused()


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """No search for cycles of dead objects: rows are tuples in their thousands, they have none, and it costs 3 %."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


@dataclass(slots=True)
class _Recorded:
    """A tree that remembers the digest of every file that is read through it: the label files."""

    tree: RawTree
    label: str
    read_files: dict[str, str] = field(default_factory=dict)

    def files(self) -> Sequence[RawFile]:
        return self.tree.files()

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        data = self.tree.read(relpath, limit)
        self.read_files[relpath] = hashlib.sha256(data).hexdigest()
        return data


@dataclass(slots=True)
class _Job:
    """One ingest of one source."""

    store: Path
    source: str
    declared: Source
    tree: StoredTree
    version: str
    accepted: str | None = None
    rejects: list[Reject] = field(default_factory=list)
    listing: str = ""
    lists: Mapping[str, Any] = field(default_factory=dict)
    shown: RawTree = field(init=False)

    def __post_init__(self) -> None:
        self.shown = self.tree

    def remembered(self) -> StepOutput | None:
        """The output of an earlier run over the same listing, when it and all of its packs are still there."""
        self.listing = self._listing()
        raw_digest = self._cache().recall(self.listing)
        found = find_step(self.store, "ingest", self._inputs(raw_digest)) if raw_digest else None
        if found and all((self.store / "packs" / pack["file"]).is_file() for pack in found.facts["packs"]):
            return found
        return None

    def done_now(self) -> StepOutput:
        """Read what is new, and write the tables if their content is new too."""
        with self._cache().draft() as draft:
            return self._done(draft)

    def _done(self, draft: CacheDraft) -> StepOutput:
        self.rejects.extend(refused_rows(self.source, self.tree))
        if self.declared.unpack:
            self.shown = self.declared.unpack(self.tree)
        recorded = _Recorded(self.shown, self.tree.label)
        persons = self._allowed(self._persons(recorded))
        result = self._scan(persons, draft)
        self.rejects.extend(result.dead.values())
        persons = _alive(persons, result)
        if not persons.num_rows:
            raise BadRawData(self._nothing_read())
        found = labels.Labels(labels.known_of(self.source, persons), self.rejects)
        captions = found.captions(labels.every_label(self.declared, recorded, self.tree, found.known))
        out = {"captions": captions, "attributes": found.attribute_table(), "rejects": self._reject_table()}
        self.lists = self.declared.lists(recorded)
        raw_digest = self._raw_digest(result, recorded)
        draft.keep(self.listing, raw_digest)
        self.shown = self.tree
        self.tree.forget()
        _give_pages_back()
        return run_step(
            self.store, "ingest", self._inputs(raw_digest), partial(self._write, persons, out, result, raw_digest)
        )

    def _cache(self) -> Cache:
        return Cache(self.store / "cache", self.source, code_revision(*_DECODING))

    def _inputs(self, raw_digest: str) -> dict[str, str]:
        terms = " ".join(filter(None, (self.declared.access_status, self.accepted)))
        inputs = {"source": self.source, "raw_digest": raw_digest, "reader_version": self.version, "terms": terms}
        taken_down = blocked(self.store)
        names = [sorted(taken_down.persons), sorted(taken_down.images)]
        return inputs | ({"taken_down": digest(names)} if taken_down else {})

    def _listing(self) -> str:
        """A fingerprint of names, sizes and times of everything below the root, and of label files beside it."""
        hasher = hashlib.sha256(self.version.encode())
        for traits in self.tree.files().traits():
            hasher.update(traits)
        hasher.update(repr([file for file, _ in find_own(self.tree)]).encode())
        hasher.update(repr(self.tree.refused).encode())
        return hasher.hexdigest()

    def _persons(self, tree: _Recorded) -> Squeezed:
        constant = {
            "label_train": None,
            "license_id": self.declared.licence,
            "access_status": self.declared.access_status,
            "release_allowed": self.declared.release_allowed,
            "reader_version": self.version,
        }
        return person_images(self.declared, tree, constant, self.rejects)

    def _allowed(self, persons: Squeezed) -> Squeezed:
        """The images without those of persons who were taken down; one reject counts their pictures and names none."""
        taken_down = blocked(self.store)
        if not taken_down:
            return persons
        who, which = texts(sorted(taken_down.persons)), texts(sorted(taken_down.images))
        kept = persons.changed(lambda part: part.filter(pc.invert(_any_of(part, person_key=who, image_id=which))))
        if count := persons.num_rows - kept.num_rows:
            detail = f"{count} pictures of persons who were taken down are not read"
            self.rejects.append(Reject("person_images", self.source, self.source, "taken_down", detail))
        return kept

    def _scan(self, persons: Squeezed, draft: CacheDraft) -> Scan:
        cache = self._cache()
        cache.load()
        folder = self.store / "packs" / self.source
        known = known_packs(folder, list(cache.seen.values()))
        packer = Packer(folder, self.source, known, partial(scanning.reread, self.shown))
        return scan(self.shown, self.source, self._files(persons), cache.recall_files, draft.add, packer)

    def _files(self, persons: Squeezed) -> Iterator[Sequence[RawFile]]:
        """The image files, many at a time; persons and listing are in the same order."""
        listed = self.shown.files()
        for part in persons.parts("relpath"):
            relpaths = part.column(0).to_pylist()
            some = listed[place_in(listed, relpaths[0]) : place_in(listed, relpaths[-1]) + 1]
            wanted = frozenset(relpaths if len(some) > len(relpaths) else ())
            yield [file for file in some if file.relpath in wanted] if wanted else some

    def _raw_digest(self, result: Scan, recorded: _Recorded) -> str:
        """A digest of everything that was opened and of the names that were refused unopened."""
        own = {file.relpath: hashlib.sha256(read()).hexdigest() for file, read in find_own(self.tree)}
        refused = sorted((row.subject, row.reason) for row in self.rejects if row.payload_sha256 is None)
        return digest([result.hasher.hexdigest(), recorded.read_files, own, refused])

    def _reject_table(self) -> pa.Table:
        rows = {_reject_id(row): row for row in self.rejects}
        ids = {id(row): name for name, row in rows.items()}
        return table_of(REJECTS, rows.values(), {"reject_id": lambda row: ids[id(row)]})

    def _nothing_read(self) -> str:
        where = f"No image of {self.declared.title} could be read in {str(self.tree.root)!r}"
        if not self.rejects:
            return f"{where}: its folders hold no image file."
        first = self.rejects[0]
        return (
            f"{where}: {len(self.rejects)} files or rows were refused, the first is {first.subject!r}: {first.detail}"
        )

    def _write(
        self, persons: Squeezed, out: Mapping[str, pa.Table], result: Scan, raw_digest: str, folder: Path
    ) -> dict[str, Any]:
        groups = map(partial(_labelled, _learned(persons)), persons.tables(PERSON_IMAGES.rows_per_group))
        writer.write_groups(PERSON_IMAGES, groups, folder / "person_images.parquet")
        for name, table in out.items():
            writer.write(TABLES[name], table, folder / f"{name}.parquet")
        facts = {
            "source": self.source,
            "title": self.declared.title,
            "raw_digest": raw_digest,
            "reader_version": self.version,
            "licence": self.declared.licence,
            "access_status": self.declared.access_status,
            "release_allowed": self.declared.release_allowed,
            "packs": as_facts(result.packs),
        }
        facts |= {"accepted_withdrawn": self.accepted} if self.accepted else {}
        facts |= {"lists": self.lists} if self.lists else {}
        return facts | self._counted(persons.table(counts.COUNTED), out)

    def _counted(self, persons: pa.Table, out: Mapping[str, pa.Table]) -> dict[str, Any]:
        return {
            "counts": counts.counts(persons, out["captions"], out["attributes"], out["rejects"]),
            "reject_reasons": counts.reasons(out["rejects"]),
            "reported": counts.reported(self.declared, persons, out["captions"]),
        }


def _source_modules(source: str) -> list[ModuleType]:
    """A source's file and the helpers of the generators room that it takes things from, and theirs."""
    first = importlib.import_module(f"generators.sources.{source}")
    found, new = {first.__name__: first}, [first]
    while new:
        helpers = {inspect.getmodule(value) for value in vars(new.pop()).values()}
        named = {each.__name__: each for each in helpers if each and each.__name__.startswith("generators.")}
        new += [each for name, each in named.items() if name not in found]
        found |= named
    return [found[name] for name in sorted(found)]


def _any_of(part: pa.RecordBatch, **wanted: pa.Array) -> pa.Array:
    """The rows that have a wanted value in one of the columns."""
    return reduce(pc.or_, [pc.is_in(part.column(name), value_set=values) for name, values in wanted.items()])


def _alive(persons: Squeezed, result: Scan) -> Squeezed:
    """The images without the dead ones."""
    if not result.dead:
        return persons
    dead = texts(sorted(result.dead))
    return persons.changed(lambda part: part.filter(pc.invert(_any_of(part, relpath=dead))))


def _learned(persons: Squeezed) -> pa.Array:
    """The sorted person keys of the train split: the places in it are the training labels."""
    found: set[str] = set()
    for part in persons.parts("person_key", "role_flag", "split"):
        learns = pc.and_(is_text(part.column("split"), "train"), is_text(part.column("role_flag"), "normal"))
        found.update(pc.unique(part.column("person_key").filter(learns)).to_pylist())
    return texts(sorted(key for key in found if key))


def _labelled(learned: pa.Array, persons: pa.Table) -> pa.Table:
    """The images with their training labels, 0-based and contiguous; null for whatever does not train."""
    learns = pc.and_(is_text(persons.column("split"), "train"), is_text(persons.column("role_flag"), "normal"))
    keys = pc.if_else(learns, persons.column("person_key"), pa.nulls(1, pa.string())[0])
    places = pc.index_in(keys, value_set=learned, skip_nulls=True).cast(pa.int32())
    return persons.set_column(persons.schema.get_field_index("label_train"), "label_train", writer.one_array(places))


def _reject_id(row: Reject) -> str:
    return digest([row.table, row.source, row.subject, row.reason, row.detail, row.payload_sha256])[:32]
