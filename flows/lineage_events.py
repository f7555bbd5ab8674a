"""OpenLineage events: how a step is worded, and a thread that sends them while the build goes on."""

import logging
import os
import queue
import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType

import attr
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import dataset_version_dataset, error_message_run, parent_run, set_producer
from openlineage.client.generated.base import DatasetFacet, RunFacet
from openlineage.client.uuid import generate_new_uuid

from flows.lineage import Dataset
from schemas.errors import ReIDForgeError
from schemas.keys import digest
from schemas.recipe import Recipe
from tasks.versions.assemble import published_recipe

PRODUCER = "urn:reidforge"
_NAMESPACE = "reidforge"
_MOST_WAITING = 2_000
_LAST_SECONDS = 5.0
_FAULTS = (OSError, RuntimeError, ValueError, LookupError, TypeError, ImportError)
_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")
_PLACE = re.compile(
    r"file://[^\s'\"]*|(?<=')[.~]{0,2}/[^']*(?=')|(?<=\")[.~]{0,2}/[^\"]*(?=\")|(?<![^\s(=,\[])[.~]{0,2}/[^\s'\",;)\]]+"
)
_THREAD = "reidforge-lineage"


@attr.define
class RecipeRunFacet(RunFacet):
    """The recipe of a build: its name and version, the digest of what it says, its seed."""

    name: str
    version: str
    digest: str
    seed: int

    @staticmethod
    def _get_schema() -> str:
        return "urn:reidforge:openlineage:recipe:1"


class Lineage:
    """The events of one build."""

    def __init__(self, recipe: Recipe) -> None:
        set_producer(PRODUCER)
        self.name = recipe.name
        self.namespace = os.environ.get("OPENLINEAGE_NAMESPACE") or _NAMESPACE
        kept = published_recipe(recipe)
        self.facet = RecipeRunFacet(recipe.name, recipe.version, digest(kept), recipe.seed)
        self.build = str(generate_new_uuid())
        self.sender = Sender()

    def told(self, step: str, inputs: Sequence[Dataset]) -> "StepEvents":
        """A block that is told of as one run of this step; the step `build` is the parent of all others."""
        return StepEvents(self, step, inputs)

    def close(self) -> tuple[int, int]:
        """Wait a moment for what is on its way; the number of events, and of those that did not arrive."""
        return self.sender.close(_LAST_SECONDS)


class StepEvents:
    """START when the block begins, COMPLETE or FAIL when it ends; `outputs` are set inside the block."""

    def __init__(self, lineage: Lineage, step: str, inputs: Sequence[Dataset]) -> None:
        self.lineage = lineage
        self.step = step
        self.inputs = tuple(inputs)
        self.outputs: tuple[Dataset, ...] = ()
        self.run_id = lineage.build if step == "build" else str(generate_new_uuid())

    def __enter__(self) -> "StepEvents":
        self._emit(RunState.START)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._emit(RunState.COMPLETE)
        else:
            fault = error_message_run.ErrorMessageRunFacet(message=in_words(error), programmingLanguage="python")
            self._emit(RunState.FAIL, {"errorMessage": fault})

    def _emit(self, state: RunState, more: dict[str, RunFacet] | None = None) -> None:
        namespace = self.lineage.namespace
        self.lineage.sender.put(
            RunEvent(
                eventType=state,
                eventTime=datetime.now(UTC).isoformat(),
                producer=PRODUCER,
                run=Run(runId=self.run_id, facets={**self._facets(), **(more or {})}),
                job=Job(namespace=namespace, name=f"{self.lineage.name}.{self.step}"),
                inputs=[InputDataset(namespace, told.name, facets=_version(told)) for told in self.inputs],
                outputs=[OutputDataset(namespace, told.name, facets=_version(told)) for told in self.outputs],
            )
        )

    def _facets(self) -> dict[str, RunFacet]:
        recipe: dict[str, RunFacet] = {"reidforge_recipe": self.lineage.facet}
        if self.step == "build":
            return recipe
        job = parent_run.Job(namespace=self.lineage.namespace, name=f"{self.lineage.name}.build")
        return {**recipe, "parent": parent_run.ParentRunFacet(parent_run.Run(self.lineage.build), job)}


def _version(told: Dataset) -> dict[str, DatasetFacet]:
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(f"sha256:{told.digest}")}


def in_words(error: BaseException) -> str:
    """What an event says of an error: the sentence of a refusal, and only the type of any other error.

    Logins in URLs are left out, and paths on this machine are replaced by `<path>`.
    """
    if not isinstance(error, ReIDForgeError):
        return type(error).__name__
    return _PLACE.sub("<path>", _LOGIN.sub("", str(error)))


def _not_ours(record: logging.LogRecord) -> bool:
    """Whether a record of a library comes from elsewhere than the thread that sends events."""
    return record.threadName != _THREAD


def _hush() -> None:
    """What fails here is said once, by us, and never after a flow has closed its log."""
    logging.getLogger("openlineage").addHandler(logging.NullHandler())
    logging.getLogger("openlineage").propagate = False
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_not_ours)  # adding it again changes nothing


class Sender:
    """A thread with a queue, so that nobody waits for an endpoint; what it cannot send is counted as lost."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[RunEvent | None] = queue.Queue(_MOST_WAITING)
        self.count = self.sent = 0
        self.thread = threading.Thread(target=self._work, name=_THREAD, daemon=True)
        self.thread.start()

    def put(self, event: RunEvent) -> None:
        """Hand an event over; a full queue loses it."""
        self.count += 1
        if not self.waiting.full():
            self.waiting.put_nowait(event)

    def close(self, seconds: float) -> tuple[int, int]:
        """Wait at most so long for what is waiting; (all events, those that were not sent)."""
        if not self.waiting.full():
            self.waiting.put_nowait(None)
        self.thread.join(seconds)
        return self.count, self.count - self.sent

    def _work(self) -> None:
        _hush()
        try:
            client = OpenLineageClient()
            client.config.facets.source_code_location.disabled = True  # a git address may hold a token
        except _FAULTS:
            return
        while (event := self.waiting.get()) is not None:
            self._send(client, event)

    def _send(self, client: OpenLineageClient, event: RunEvent) -> None:
        try:
            client.emit(event)
        except _FAULTS:
            return
        self.sent += 1
