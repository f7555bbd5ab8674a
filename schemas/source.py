"""What a raw dataset declares about itself, and how its files are seen.

A source file defines one `SOURCE`; its `read` sees the dataset through a `RawTree`, relative paths only, so that names
are matched below the dataset root and never on the whole path.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from schemas.rows import Attribute, Caption, PersonImage, Reject

# The file that marks a folder of drawn raw datasets; `reidforge sample` writes it, ingest looks for it.
SAMPLE_MARK = "SAMPLE.json"
# withdrawn_accepted: a withdrawn dataset that an operator used all the same, with a reason that the manifest repeats.
ACCESS = ("open", "request", "signed", "withdrawn", "withdrawn_accepted", "synthetic")


class RawFile(NamedTuple):
    """One file below a dataset root: forward-slash relative path, bytes, and modification time in ns."""

    relpath: str
    size: int
    mtime_ns: int


class RawTree(Protocol):
    """A dataset root, read-only. `label` names it in messages, without a machine path."""

    label: str

    def files(self) -> Sequence[RawFile]:
        """Every regular file below the root, sorted by relative path."""
        ...

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        """The bytes of one file. Raises BadRawData when it is missing or larger than `limit`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A count its authors report: `what` is a split or list, `tag` how sure the figure is (C, V, V2, M)."""

    what: str
    images: int | None = None
    persons: int | None = None
    captions: int | None = None
    tag: str = "V"


def _nothing(tree: RawTree) -> Iterator[Any]:
    return iter(())


def _no_lists(tree: RawTree) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One raw dataset: its facts, how its names are read, and examples that drive the tests.

    `read` yields a PersonImage or a Reject for every file that claims to be an image of the dataset and stays silent
    about files that never belong to it (readme, `Thumbs.db`). `captions` and `attributes` read its label files.
    `folders` and `files` make it complete, or all names of one of `other_forms`, in which a folder ends in `/`.
    `lists` reads what protocols need beyond rows, such as permutations or lists of queries, as plain JSON by name.
    `variants` names the forms and extras that `doctor` tells apart, each by the names that must be there; `optional`
    are reported counts that a complete dataset may lack altogether.
    `columns` reads many names of images at once: a list for every field of PersonImage that is not its default, saying
    what `read` says of each; None when one of them is unusual, and `read` is to look at them. Ids follow the paths.
    `unpack` shows the images inside a file of the dataset's own as files; the names it gives them are what `read` sees.
    """

    title: str
    setting: str
    licence: str
    access_status: str
    release_allowed: bool
    modalities: tuple[str, ...]
    root_names: tuple[str, ...]
    folders: tuple[str, ...]
    reported: tuple[Reported, ...]
    read: Callable[[RawTree], Iterator[PersonImage | Reject]]
    captions: Callable[[RawTree], Iterator[Caption | Reject]] = _nothing
    attributes: Callable[[RawTree], Iterator[Attribute | Reject]] = _nothing
    examples: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    other_forms: tuple[tuple[str, ...], ...] = ()
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    columns: Callable[[Sequence[str]], Mapping[str, Sequence[Any]] | None] | None = None
    unpack: Callable[[RawTree], RawTree] | None = None
    lists: Callable[[RawTree], Mapping[str, Any]] = _no_lists

    def forms(self) -> tuple[tuple[str, ...], ...]:
        """Every set of names that makes the dataset complete; a folder ends in `/`."""
        return ((*(f"{name}/" for name in self.folders), *self.files), *self.other_forms)

    def as_drawn(self) -> "Source":
        """The same layout when its people were drawn by a program: nobody's licence, and never the real dataset."""
        return replace(
            self,
            title=f"{self.title} (drawn sample)",
            licence="drawn-by-reidforge",
            access_status="synthetic",
            release_allowed=True,
        )

    def as_accepted(self) -> "Source":
        """The same dataset when an operator took it on himself to use it although it was withdrawn."""
        return replace(self, access_status="withdrawn_accepted")
