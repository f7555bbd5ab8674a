"""What a run leaves in the Prefect UI: a table of steps, a table of gates, and sample pictures that can be seen."""

import base64
import json
import threading
import time
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from httpx import HTTPError
from prefect.artifacts import (
    create_image_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.exceptions import PrefectException

from flows.reporter import Pace
from tasks.report.contact_sheet import contact_sheet
from tasks.versions.reader import VersionFolder

if TYPE_CHECKING:
    from flows.order import Built


def show_build(built: "Built") -> None:
    """Publish the build's tables and a contact sheet as artifacts of the current flow run."""
    name = built.recipe.name.replace("_", "-")
    create_table_artifact(key=f"{name}-steps", table=step_rows(built), description=f"Steps of {name}")
    create_table_artifact(key=f"{name}-gates", table=gate_rows(built), description=f"Gates of {name}")
    if overlaps := overlap_rows(built):
        create_table_artifact(key=f"{name}-overlaps", table=overlaps, description=f"Persons shared within {name}")
    sheet = contact_sheet(VersionFolder(built.staged.folder), n=24)
    picture = base64.b64encode(sheet).decode()
    create_image_artifact(
        key=f"{name}-people", image_url=f"data:image/jpeg;base64,{picture}", description=f"People of {name}"
    )


class ProgressArtifact:
    """How far a long step of the flow run is, in the UI; updated every few seconds.

    Prefect is told in a thread of its own: a server that is slow or gone holds up neither the step nor its end.
    """

    _EVERY = 5.0
    _LAST = 10.0

    def __init__(self, name: str) -> None:
        self._key = f"{name}-progress"
        self._told = (0, 0, "just begun")
        self._pace = Pace()
        self._done = threading.Event()
        # The thread sees the flow run of whoever began the step, which the artifact belongs to.
        self._thread = threading.Thread(target=copy_context().run, args=(self._tell,), name=self._key, daemon=True)
        self._thread.start()

    def update(self, done: int, total: int, note: str) -> None:
        """Remember how far it is, from any thread."""
        self._told = (done, total, note)

    def close(self) -> None:
        """Show what was told last, if Prefect takes it in a few seconds."""
        self._done.set()
        self._thread.join(self._LAST)

    def _tell(self) -> None:
        try:
            share, words = self._shown()
            artifact: Any = create_progress_artifact(share, key=self._key, description=words)
            while not self._done.wait(self._EVERY):
                self._update(artifact)
            self._update(artifact)
        except (HTTPError, PrefectException, OSError, RuntimeError):
            return

    def _update(self, artifact: Any) -> None:
        share, words = self._shown()
        update_progress_artifact(artifact, share, description=words)

    def _shown(self) -> tuple[float, str]:
        done, total, note = self._told
        if not total:
            return 0.0, note
        pace = self._pace.words(done, total, time.monotonic())
        return round(min(100.0 * done / total, 100.0), 1), f"{done:,} of {total:,}: {note}{pace}"


def step_rows(built: "Built") -> list[dict[str, Any]]:
    """One row per step: its name, digest, and whether it had to be done."""
    return [
        {"step": step.step, "digest": step.digest[:12], "done": "unchanged" if step.skipped else "built"}
        for step in built.steps
    ]


def overlap_rows(built: "Built") -> list[dict[str, Any]]:
    """One row per pair of datasets that share persons: how many of either, and by what evidence."""
    return [
        {
            "datasets": f"{row['source_a']}, {row['source_b']}",
            "persons": f"{row['persons_a']}, {row['persons_b']}",
            "links": row["links"],
            "by": ", ".join(f"{reason} {count}" for reason, count in row["reasons"].items()),
        }
        for row in built.linked.facts["overlaps"]
    ]


def gate_rows(built: "Built") -> list[dict[str, Any]]:
    """One row per gate: verdict, figure, and what it says."""
    verdicts = json.loads((built.validated.folder / "gates.json").read_bytes())
    return [
        {
            "gate": verdict["name"],
            "verdict": "passed" if verdict["passed"] else verdict["severity"],
            "figure": round(float(verdict["figure"]), 4),
            "summary": verdict["summary"],
        }
        for verdict in verdicts
    ]
