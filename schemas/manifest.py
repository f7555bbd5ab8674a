"""The manifest of a published version: what it holds, what it was made from. Its sha256 is the version's identity.

Nothing in it depends on when, where or by how many workers the version was built.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def inside(path: str) -> str:
    """The path, when it stays inside its folder: plain letters, forward slashes, no `..`. Raises ValueError."""
    parts = path.split("/")
    if not re.fullmatch(r"[A-Za-z0-9._/-]+", path) or any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"{path!r} is not a plain relative path")
    return path


class FileEntry(_Frozen):
    """One file of a version: path inside it, size, digest; for tables also rows and the digest of their content."""

    path: Annotated[str, AfterValidator(inside)]
    size: Annotated[int, Field(ge=0)]
    sha256: Sha256
    rows: int | None = None
    logical: Sha256 | None = None
    table: str | None = None
    split: str | None = None
    stage: int | None = None

    @property
    def family(self) -> str:
        """The family whose rows a stage file holds: SAME_YN of data/stage2/train-SAME_YN-0003-<sha12>.parquet."""
        return self.path.rpartition("/")[2].removeprefix(f"{self.split}-").split("-", 1)[0]


class SourceEntry(_Frozen):
    """One source of a version: the digest of its raw content, its licence, and its counts.

    `accepted_withdrawn` is the reason an operator gave for using a dataset that its authors have withdrawn. `consent`
    is what is known of the people shown, `papers` what to cite; versions of earlier releases have neither.
    """

    name: str
    title: str
    raw_digest: Sha256
    reader_version: str
    licence: str
    access_status: str
    release_allowed: bool
    images: int
    persons: int
    rejects: int
    reported: list[dict[str, Any]] = Field(default_factory=list)
    accepted_withdrawn: str | None = None
    consent: str | None = None
    papers: str | None = None


class GateEntry(_Frozen):
    """One gate's verdict as published."""

    name: str
    title: str
    severity: str
    passed: bool
    figure: float
    summary: str


class AskedEntry(_Frozen):
    """What was asked of one model for one kind of text, and what came of it.

    `answered` of the `requests` got an answer; `rejects` counts by reason what could not be used, parts of answers
    included. `prompts` are names with versions, `prompt_revision` a digest of the files that hold them. Tokens are
    those of the answers; `cost` is their price by the recipe's table, None where it has none.
    """

    model: str
    revision: str
    backend: str
    kind: str
    prompts: list[str]
    prompt_revision: str
    requests: int
    answered: int
    rejects: dict[str, int]
    prompt_tokens: int
    completion_tokens: int
    cost: float | None = None
    currency: str | None = None


class Withheld(_Frozen):
    """What a version without the pixels of some sources lacks: those packs, and the digest of the whole version."""

    digest: Sha256
    sources: list[str]
    packs: list[FileEntry]


class Manifest(_Frozen):
    """One published version; `withheld` is there when pictures were left out of it."""

    format_version: int
    name: str
    version: str
    title: str
    seed: int
    recipe: dict[str, Any]
    recipe_digest: Sha256
    sources: list[SourceEntry]
    gates: list[GateEntry]
    steps: dict[str, str]
    models: dict[str, str]
    asked: list[AskedEntry] | None = None
    parents: list[str]
    writer: str
    files: list[FileEntry]
    withheld: Withheld | None = None


class TouchedFile(_Frozen):
    """One data file that a takedown rewrote: its old and new name, and how many rows went."""

    old: str
    new: str
    rows: int


class Takedown(_Frozen):
    """What was taken down with a version: marks of the persons, never their keys, and the files that lost rows."""

    persons: list[Sha256]
    pictures: int
    files: list[TouchedFile]


class Revocation(BaseModel):
    """A published version that must no longer be used: why, and the version that takes its place.

    Facts that a later release adds are passed over, so that they never hide a revocation.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    digest: Sha256
    version: str
    reason: str
    successor: str | None = None
    takedown: Takedown | None = None
