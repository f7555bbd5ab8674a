"""Look at a raw folder or archive without touching the store: which dataset it is, what is missing, what is refused.

The scan reads names and label files; a deep one decodes every image as ingest does. Nothing is written anywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from generators.archives.tree import Archive, ArchiveTree, archive_suffix
from generators.raw_tree import FolderTree, StoredTree, missing, nearest_form, refused_rows
from generators.recognition import Candidate, Seen, candidates, look, resembling, variants
from schemas.discovery import find_all
from schemas.errors import BadRawData
from schemas.rows import PersonImage, Reject
from schemas.source import RawFile, RawTree, Source
from schemas.tables import PERSON_IMAGES, REJECTS
from tasks.packs import counts, labels
from tasks.packs.cache import rows_of
from tasks.packs.columns import batches_of, table_of
from tasks.packs.decode import MAX_BYTES
from tasks.packs.scan import open_images
from tasks.packs.squeezed import Squeezed

# Figures that are asserted; one from memory is only shown.
ASSERTED = ("C", "V", "V2")
EXAMPLES = 5
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Refused:
    """Refusals of one table for one reason: how many, and the first few with subject and sentence."""

    table: str
    reason: str
    count: int
    examples: list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One recognised dataset. `raw` is what `build --raw` takes for it.

    `figures` are the official counts beside the found ones, as ingest's facts have them.
    """

    source: str
    title: str
    place: str
    raw: str
    setting: str
    licence: str
    access_status: str
    variants: list[str]
    drawn: bool
    lost: list[str]
    found: dict[str, int]
    figures: list[dict[str, Any]]
    rejects: list[Refused]
    also: list[str]

    @property
    def short(self) -> list[dict[str, Any]]:
        """The asserted official counts that are not met."""
        return [line for line in self.figures if line["tag"] in ASSERTED and line["found"] != line["official"]]

    @property
    def complete(self) -> bool:
        """Whether everything is there and nothing is refused."""
        return not (self.lost or self.short or self.rejects)


@dataclass(slots=True)
class Examination:
    """What `doctor` found at a path: datasets, archives that are not read, and, when no dataset, what it saw."""

    findings: list[Finding] = field(default_factory=list)
    refused_archives: list[str] = field(default_factory=list)
    seen: Seen | None = None
    nearest: list[tuple[str, list[str]]] = field(default_factory=list)
    hint: str | None = None

    @property
    def exit_code(self) -> int:
        """0 everything recognised is complete, 1 something is missing or refused, 2 nothing is recognised."""
        if not self.findings:
            return 2
        return 0 if all(found.complete for found in self.findings) and not self.refused_archives else 1


def examine(path: Path, deep: bool = False) -> Examination:
    """Look at a folder, an archive, or a folder of such. Raises BadRawData for a path or archive that is not read."""
    result = Examination()
    ranked: list[tuple[StoredTree, Candidate]] = []
    for tree in _trees(path, result):
        ranked.extend((tree, candidate) for candidate in candidates(tree))
    known = [(tree, one) for tree, one in ranked if one.recognised]
    order = sorted(known, key=lambda pair: (str(pair[0].root), pair[1].base))
    for _, same in groupby(order, key=lambda pair: (pair[0].root, pair[1].base)):
        (tree, best), *others = same
        result.findings.append(_finding(tree.below(best.base), best, [one.name for _, one in others], deep))
    if not known:
        result.seen = look(_opened(path))
        result.nearest = _nearest([one for _, one in ranked], resembling(result.seen), _opened(path))
        result.hint = _hint(path)
    return result


def _opened(path: Path) -> StoredTree:
    if path.is_dir():
        return FolderTree(path.resolve())
    if path.is_file():
        return ArchiveTree(Archive(path))
    raise BadRawData(f"There is no folder or archive {str(path)!r}.")


def _trees(path: Path, result: Examination) -> Iterator[StoredTree]:
    """The place itself, and the archives in it that have the usual name of a dataset."""
    yield _opened(path)
    roots = {name.lower() for _, source in find_all("generators.sources", "SOURCE") for name in source.root_names}
    for entry in sorted(path.iterdir()) if path.is_dir() else ():
        suffix = archive_suffix(entry.name)
        if suffix and entry.name[: -len(suffix)].lower() in roots and entry.is_file():
            tree = ArchiveTree(Archive(entry))
            try:
                tree.files()
            except BadRawData as error:
                result.refused_archives.append(str(error))
            else:
                yield tree


def _finding(tree: StoredTree, best: Candidate, also: list[str], deep: bool) -> Finding:
    source = best.source.as_drawn() if tree.is_drawn() else best.source
    scan = _Scan(best.name, source, tree, deep)
    official = [] if tree.is_drawn() else scan.figures()
    return Finding(
        source=best.name,
        title=source.title,
        place=str(tree.root),
        raw=str(tree.given),
        setting=source.setting,
        licence=source.licence,
        access_status=source.access_status,
        variants=variants(source, tree),
        drawn=tree.is_drawn(),
        lost=list(best.lost),
        found=scan.found,
        figures=[line for line in official if not counts.left_out(line, official, source)],
        rejects=list(_summed(scan.rejects)),
        also=also,
    )


class _Scan:
    """One reading of a dataset: its tables as ingest would make them, and every refusal."""

    def __init__(self, name: str, source: Source, tree: StoredTree, deep: bool) -> None:
        self.rejects = list(refused_rows(name, tree))
        self._name, self._source, self._deep = name, source, deep
        self._tree: RawTree = source.unpack(tree) if source.unpack else tree
        constant = {
            "label_train": None,
            "license_id": source.licence,
            "access_status": source.access_status,
            "release_allowed": source.release_allowed,
            "reader_version": "",
        }
        persons = Squeezed.of(PERSON_IMAGES.schema, batches_of(PERSON_IMAGES, self._usable(), constant=constant))
        self._persons = persons.table(counts.COUNTED)
        known = labels.Labels(labels.known_of(name, persons), self.rejects)
        self._captions = known.captions(labels.every_label(source, self._tree, tree, known.known))
        no_rejects = table_of(REJECTS, [])
        counted = counts.counts(self._persons, self._captions, known.attribute_table(), no_rejects)
        self.found = {what: number for what, number in counted.items() if what != "rejects"}

    def figures(self) -> list[dict[str, Any]]:
        """The official counts beside the found ones."""
        return counts.reported(self._source, self._persons, self._captions)

    def _usable(self) -> Iterator[PersonImage]:
        files = {file.relpath: file for file in self._tree.files()}
        for row in self._source.read(self._tree):
            refused = row if isinstance(row, Reject) else self._fault(files[row.relpath])
            if refused is not None:
                self.rejects.append(refused)
            elif isinstance(row, PersonImage):
                yield row

    def _fault(self, file: RawFile) -> Reject | None:
        """Why ingest would refuse an image: by its size, and in a deep scan by its bytes."""
        if self._deep:
            (seen,) = rows_of(open_images(self._tree, [file])[0])
            reason, detail = seen.reason, seen.detail or ""
        elif not file.size:
            reason, detail = "empty", "The file has no bytes."
        elif file.size > MAX_BYTES:
            reason, detail = "too_large", f"The file has {file.size} bytes; at most {MAX_BYTES} are accepted."
        else:
            return None
        subject = f"{self._name}/{file.relpath}"
        return (
            Reject(table="images", source=self._name, subject=subject, reason=reason, detail=detail) if reason else None
        )


def _summed(rejects: Sequence[Reject]) -> Iterator[Refused]:
    ordered = sorted(rejects, key=lambda row: (row.table, row.reason, row.subject))
    for (table, reason), same in groupby(ordered, key=lambda row: (row.table, row.reason)):
        rows = list(same)
        yield Refused(table, reason, len(rows), [(row.subject, row.detail) for row in rows[:EXAMPLES]])


def _nearest(ranked: Sequence[Candidate], alike: Sequence[str], tree: StoredTree) -> list[tuple[str, list[str]]]:
    """The layouts that come nearest, each with what it lacks: those with pieces of it, then those with such names."""
    pieces = {one.name: list(one.lost) for one in sorted(ranked, key=lambda one: (one.evidence, one.name))}
    sources = dict(find_all("generators.sources", "SOURCE"))
    lacks = {name: nearest_form(sources[name], tree.has)[1] for name in (*alike, *sources)}
    return list(({name: pieces[name] for name in reversed(pieces)} | lacks).items())[:_NEAREST]


def _hint(path: Path) -> str | None:
    """The folder above, when this one is a part of a dataset that stands there."""
    folder = path.resolve()
    for one in candidates(FolderTree(folder.parent)) if _is_part(folder) else ():
        if one.recognised and not one.base:
            return f"It is a part of {one.source.title}: give the folder above it."
    return None


def _is_part(folder: Path) -> bool:
    """Whether a folder is one that some dataset has, and all of that dataset stands around it."""
    sources = [source for _, source in find_all("generators.sources", "SOURCE")]
    return folder.is_dir() and any(
        f"{folder.name}/" in form and not missing(source, folder.parent)
        for source in sources
        for form in source.forms()
    )
