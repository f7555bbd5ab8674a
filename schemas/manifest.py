"""The manifest of a published version: what it holds, what it was made from. Its sha256 is the version's identity.

Nothing in it depends on when, where or by how many workers the version was built.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileEntry(_Frozen):
    """One file of a version: path inside it, size, digest; for tables also rows and the digest of their content."""

    path: Annotated[str, Field(pattern=r"^(?!/)(?!.*(?:^|/)\.\.(?:/|$))[A-Za-z0-9._/-]+$")]
    size: Annotated[int, Field(ge=0)]
    sha256: Sha256
    rows: int | None = None
    logical: Sha256 | None = None
    table: str | None = None
    split: str | None = None
    stage: int | None = None


class SourceEntry(_Frozen):
    """One source of a version: the digest of its raw content, its licence, and its counts."""

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


class GateEntry(_Frozen):
    """One gate's verdict as published."""

    name: str
    title: str
    severity: str
    passed: bool
    figure: float
    summary: str


class Manifest(_Frozen):
    """One published version."""

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
    parents: list[str]
    writer: str
    files: list[FileEntry]
