"""Publish a staged version whose gates passed: the whole folder at once, then its reference, then `latest`.

<remote>/<name>/<digest12>/ · <remote>/<name>/refs/<semver>.json (create-once) · <remote>/<name>/latest.json
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import GateFailed
from schemas.recipe import Recipe
from tasks.steps.store import StepOutput
from tasks.versions.assemble import Assembled, assemble, verdicts
from tasks.versions.remote import Remote, is_shared, open_remote
from tasks.versions.verify import refuse_other
from tasks.versions.withholding import withhold

_IDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Published:
    """A published version: `digest` is the sha256 of its manifest, `place` the folder or URL where it lies.

    `withheld` names the sources whose pictures were left out.
    """

    name: str
    version: str
    digest: str
    place: str
    withheld: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The version's folder, when it was published to one."""
        return Path(self.place)


def publish(
    store: Path,
    recipe: Recipe,
    staged: StepOutput,
    validated: StepOutput,
    ingests: Sequence[StepOutput],
    remote: str | Path,
    share: bool = False,
) -> Published:
    """Publish once; publishing the same content again changes nothing.

    A URL, or any remote with `share`, gets the version without the pictures of sources whose terms forbid passing them
    on (tasks.versions.withholding); a folder of this machine gets it whole.
    Raises GateFailed when a gate of severity error failed, VersionExists when the version number stands for other
    content, DigestMismatch when a staged file was changed, NotWritable without permission. A crash at any point
    leaves a remote that readers can use and that the same call completes.
    """
    refuse_broken(verdicts(validated))
    whole = assemble(recipe, staged, validated, ingests)
    place = open_remote(remote)
    with tempfile.TemporaryDirectory(prefix="reidforge-") as work:
        ready = withhold(whole, Path(work)) if share or is_shared(remote) else whole
        return _put(place, recipe, ready)


def _put(place: Remote, recipe: Recipe, ready: Assembled) -> Published:
    if found := place.versions(recipe.name).get(recipe.version):
        refuse_other(recipe.name, recipe.version, found, ready.digest)
    where = place.put(recipe.name, ready.manifest, ready.data, ready.contents)
    place.refer(recipe.name, recipe.version, ready.digest)
    place.advance(recipe.name, recipe.version, ready.digest)
    withheld = ready.manifest.withheld
    return Published(recipe.name, recipe.version, ready.digest, where, tuple(withheld.sources) if withheld else ())


def refuse_broken(found: Sequence[Mapping[str, Any]]) -> None:
    """Raise GateFailed when a gate of severity error failed: one problem per gate, with ids and the remedy."""
    broken = [verdict for verdict in found if not verdict["passed"] and verdict["severity"] == "error"]
    if broken:
        gates = "A gate refuses" if len(broken) == 1 else f"{len(broken)} gates refuse"
        raise GateFailed(f"{gates} this version; it was not published.", [_problem(verdict) for verdict in broken])


def _problem(verdict: Mapping[str, Any]) -> str:
    failing = [str(each) for each in verdict.get("failing", ())]
    more = f" and {len(failing) - _IDS_SHOWN} more" if len(failing) > _IDS_SHOWN else ""
    ids = f" [{', '.join(failing[:_IDS_SHOWN])}{more}]" if failing else ""
    remedy = f" Remedy: {verdict['remedy']}" if verdict.get("remedy") else ""
    return f"{verdict['name']}: {verdict['summary']}{ids}{remedy}"
