"""Which dataset a folder or archive is, by what it holds: required names, file names, label files, counts.

`candidates(tree)` ranks every source at every place that could be its folder (the top and two levels down). A source
is recognised when all that it requires is there and a sample of the image names reads as its own; or when something
is missing, but the names, or the folder's name, leave no doubt.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generators.raw_names import claims_image
from generators.raw_tree import StoredTree, nearest_form
from schemas.discovery import find_all
from schemas.rows import PersonImage, Reject
from schemas.source import RawFile, RawTree, Source

LEVELS = 2
_SAMPLE = 400
_SHAPED = 20_000
_HALF = 0.5
_DIGITS = re.compile(r"[0-9]")
_NUMBER = re.compile(r"[0-9#]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One source at one place: `base` is empty or ends in `/`, `form` is what it needs and `lost` what is not there.

    `named` is the share (0..1) of sampled images whose names and records read as this source's; `by_root` whether the
    folder has one of its usual names; `near_counts` how near (0..1) the number of images is to the official one.
    """

    name: str
    source: Source
    base: str
    form: tuple[str, ...]
    lost: tuple[str, ...]
    images: int
    named: float
    by_root: bool
    near_counts: float

    @property
    def complete_form(self) -> float:
        """The share of the required names that is there."""
        return 1 - len(self.lost) / len(self.form)

    @property
    def evidence(self) -> float:
        """How much speaks for it; only good for an order."""
        return 4 * self.named + 2 * self.complete_form + self.by_root + 0.5 * self.near_counts

    @property
    def recognised(self) -> bool:
        """Whether this can be said to be the dataset, perhaps with pieces missing."""
        if not self.lost:
            return self.named > 0 or self.by_root
        return self.complete_form > 0 and (self.by_root or min(self.named, self.complete_form) >= _HALF)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a place holds: top folders, files by extension, and shapes of image names (`####_c#s#.jpg`), with counts."""

    folders: dict[str, int]
    extensions: dict[str, int]
    shapes: dict[str, int]


class _Place:
    """One folder of a tree, with its names at hand; implements RawTree with a sample of its images."""

    def __init__(self, tree: StoredTree, files: Sequence[RawFile]) -> None:
        self.label, self._tree, self._all = tree.label, tree, files
        images = [file for file in files if claims_image(file.relpath)]
        self.images = len(images)
        step = max(1, self.images // _SAMPLE)
        self._sample = sorted([*images[::step], *(file for file in files if not claims_image(file.relpath))])
        self.sampled = len(images[::step])

    def files(self) -> Sequence[RawFile]:
        """A sample of the images and every other file, sorted."""
        return self._sample

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        """The bytes of one file. Raises BadRawData."""
        return self._tree.read(relpath, limit)


def candidates(tree: StoredTree) -> list[Candidate]:
    """Every source that anything speaks for, the strongest first; places below a recognised one are left out."""
    sources = list(find_all("generators.sources", "SOURCE"))
    files = tree.files()
    found: list[Candidate] = []
    for base in _bases(files, sources):
        if not any(base.startswith(one.base) and one.recognised for one in found if one.base != base):
            found.extend(_at(tree, base, sources))
    return sorted(found, key=lambda one: (-one.recognised, -one.evidence, one.base, one.name))


def _folders(files: Sequence[RawFile]) -> set[str]:
    found: set[str] = set()
    for parent in {file.relpath.rpartition("/")[0] for file in files}:
        while parent and f"{parent}/" not in found:
            found.add(f"{parent}/")
            parent = parent.rpartition("/")[0]
    return found


def _bases(files: Sequence[RawFile], sources: Sequence[tuple[str, Source]]) -> list[str]:
    """The top, and the folders near it that have the name of a dataset or hold something that one requires."""
    roots = {name.lower() for _, source in sources for name in source.root_names}
    wanted = {piece.partition("/")[0] for _, source in sources for form in source.forms() for piece in form}
    near = {""}
    for path in {*_folders(files), *(file.relpath for file in files if file.relpath.count("/") <= LEVELS)}:
        parent, _, name = path.removesuffix("/").rpartition("/")
        if name in wanted and parent.count("/") < LEVELS:
            near.add(f"{parent}/" if parent else "")
        if path.endswith("/") and name.lower() in roots and path.count("/") <= LEVELS:
            near.add(path)
    return sorted(near, key=lambda base: (base.count("/"), base))


def _at(tree: StoredTree, base: str, sources: Sequence[tuple[str, Source]]) -> Iterator[Candidate]:
    """The sources that something speaks for at one place."""
    root = base[:-1].rpartition("/")[2] if base else tree.label
    forms = [(name, source, *nearest_form(source, lambda wanted: tree.has(base + wanted))) for name, source in sources]
    possible = [row for row in forms if len(row[3]) < len(row[2]) or _is_root(root, row[1])]
    if not possible:
        return
    below = tree.below(base)
    place = _Place(below, below.files())
    for name, source, form, lost in possible:
        named = _named(source, place)
        near = _near_counts(source, place.images)
        by_root = _is_root(root, source)
        yield Candidate(name, source, base, form, tuple(lost), place.images, named, by_root, near)


def _is_root(root: str, source: Source) -> bool:
    return root.lower() in {name.lower() for name in source.root_names}


def _named(source: Source, place: _Place) -> float:
    """The share of sampled images that a source takes for its own, whatever their split."""
    shown: RawTree = source.unpack(place) if source.unpack else place
    rows = (row for row in source.read(shown) if isinstance(row, PersonImage) or _is_image(row))
    counts = Counter(isinstance(row, PersonImage) for row in rows)
    return counts[True] / counts.total() if counts else 0.0


def _is_image(row: Reject) -> bool:
    return row.table == "images"


def _near_counts(source: Source, images: int) -> float:
    """How near a number of images is to the whole of a source, or to the sum of its parts."""
    whole = next((figure.images for figure in source.reported if figure.what == "all" and figure.images), None)
    official = whole or sum(figure.images or 0 for figure in source.reported if "/" not in figure.what)
    return min(images, official) / max(images, official) if images and official else 0.0


def look(tree: StoredTree) -> Seen:
    """What a place holds, the most frequent first."""
    files = tree.files()
    images = [file.relpath for file in files if claims_image(file.relpath)]
    step = max(1, len(images) // _SHAPED)
    folders = Counter(f"{file.relpath.partition('/')[0]}/" if "/" in file.relpath else "." for file in files)
    extensions = Counter(file.relpath.rpartition("/")[2].rpartition(".")[2].lower() for file in files)
    shapes = Counter(_DIGITS.sub("#", path.rpartition("/")[2]) for path in images[::step])
    return Seen(*(dict(counted.most_common(8)) for counted in (folders, extensions, shapes)))


def resembling(seen: Seen) -> list[str]:
    """The sources whose example names have the shapes of the images that were seen, the most alike first."""
    alike = {}
    for name, source in find_all("generators.sources", "SOURCE"):
        shapes = {_shape(path.rpartition("/")[2]) for path in source.examples}
        alike[name] = sum(count for shape, count in seen.shapes.items() if _shape(shape) in shapes)
    return sorted((name for name, count in alike.items() if count), key=lambda name: (-alike[name], name))


def _shape(name: str) -> str:
    return _NUMBER.sub("#", name)


def variants(source: Source, tree: StoredTree) -> list[str]:
    """The forms and extras of a source that a place has."""
    return [name for name, wanted in source.variants.items() if all(tree.has(one) for one in wanted)]
