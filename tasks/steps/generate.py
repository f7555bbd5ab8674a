"""Ask a model the requests of one chunk that the store cannot answer.

Nothing is written but the generation store: a chunk that is done again asks for nothing, and one that was stopped goes
on where it was.
"""

from pathlib import Path

from tasks.generations.backends import open_backend
from tasks.generations.budget import Budget
from tasks.generations.chunks import Chunk, read_chunk
from tasks.generations.client import Progress, Watch, answer
from tasks.generations.images import PackImages
from tasks.generations.store import GenerationStore
from tasks.steps.store import StepOutput


def generate(
    store: Path, ingested: StepOutput, chunk: Chunk, budget: Budget | None = None, watch: Watch | None = None
) -> Progress:
    """How the chunk ended. Raises EndpointFault, BudgetSpent, NotWritable: what was answered before is stored."""
    told: list[Progress] = []

    def tell(progress: Progress) -> None:
        told[:] = [progress]
        if watch is not None:
            watch(progress)

    requests = read_chunk(chunk)
    with GenerationStore(store / "generations") as generations:
        answer(
            requests,
            open_backend(chunk.model),
            generations,
            preprocessing_id=chunk.model.preprocessing,
            images=PackImages(store, [ingested]),
            budget=budget,
            watch=tell,
        )
    return told[0] if told else Progress(len(requests), len(requests))
