"""A build in miniature: real step outputs of two small sources, made of drawn crops, for the tests of this room."""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from schemas.recipe import Recipe
from schemas.tables import TABLES
from tasks.steps.publish import Published, publish
from tasks.steps.stage import stage
from tasks.steps.store import StepOutput, run_step
from tasks.versions.streaming import write_files
from tasks.versions.writer import from_rows, write

SOURCES = ("market1501", "sysu_mm01")
IMAGES_EACH = 6


@dataclass(frozen=True)
class Parts:
    ingested: StepOutput
    described: StepOutput
    mined: StepOutput


@dataclass(frozen=True)
class Toy:
    """Everything publishing needs."""

    store: Path
    recipe: Recipe
    parts: list[Parts]
    staged: StepOutput
    validated: StepOutput

    @property
    def ingests(self) -> list[StepOutput]:
        return [part.ingested for part in self.parts]

    def publish(self, remote: Path, **changes: Any) -> Published:
        recipe = self.recipe.model_copy(update=changes)
        return publish(self.store, recipe, self.staged, self.validated, self.ingests, remote)


def crop(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 32), (20 * number % 255, 90, 200 - number)).save(buffer, "JPEG")
    return buffer.getvalue()


def image_row(source: str, number: int) -> dict[str, Any]:
    data = crop(number)
    return {
        "image_id": f"{source}/{number:04d}.jpg",
        "source": source,
        "image": {"bytes": data, "path": f"{number:04d}.jpg"},
        "sha256": hashlib.sha256(data).hexdigest(),
        "n_bytes": len(data),
        "width": 16,
        "height": 32,
        "format": "JPEG",
        "phash": (1 << 63) + number,
    }


def person_row(source: str, number: int, tested: int = 3) -> dict[str, Any]:
    return {
        "image_id": f"{source}/{number:04d}.jpg",
        "source": source,
        "relpath": f"{number:04d}.jpg",
        "source_split": "train",
        "split": "train" if number < IMAGES_EACH - tested else "test",
        "pid_raw": str(number // 2),
        "person_key": f"{source}:{number // 2}",
        "role_flag": "normal",
        "modality": "rgb",
        "license_id": "Apache-2.0",
        "access_status": "synthetic",
        "release_allowed": True,
        "parse_warnings": [],
        "reader_version": "1",
    }


WORDS = "A person in blue | grey."


def caption_row(source: str, number: int, words: str = WORDS) -> dict[str, Any]:
    return {
        "caption_id": f"{source}/{number:04d}.jpg#0",
        "image_id": f"{source}/{number:04d}.jpg",
        "caption_index": 0,
        "text_raw": words,
        "text": words,
        "n_words": len(words.split()),
        "caption_source": "rule",
        "language": "en",
        "valid": True,
        "flags": [],
    }


def reject_row(source: str, table: str) -> dict[str, Any]:
    return {
        "reject_id": f"{source}/{table}/broken.jpg",
        "table": table,
        "source": source,
        "subject": f"{source}/broken.jpg",
        "reason": "truncated",
        "detail": "the file ends early",
    }


def image_ref(source: str, number: int, role: str) -> dict[str, Any]:
    return {
        "image_id": f"{source}/{number:04d}.jpg",
        "role": role,
        "source": source,
        "modality": "rgb",
        "width": 16,
        "height": 32,
    }


def conversation_row(family: str, stage_number: int, split: str, number: int) -> dict[str, Any]:
    source = SOURCES[number % 2]
    return {
        "sample_id": f"{family}-{split}-{number:04d}",
        "stage": stage_number,
        "family": family,
        "subtask": "",
        "split": split,
        "images": [image_ref(source, number % 6, "query"), image_ref(source, (number + 1) % 6, "candidate")],
        "texts": [],
        "turns": [
            {"role": "user", "text": "Image 1 [[image:1]] and Image 2 [[image:2]]: the same person?"},
            {"role": "assistant", "text": "Yes" if number % 2 else "No"},
        ],
        "answer": {"kind": "yesno", "text": "Yes" if number % 2 else "No", "gold_bool": bool(number % 2)},
        "negatives": [],
        "template": {"id": "same_yn", "version": 1, "paraphrase_no": 0, "seed": number},
        "quality": {"n_words": 8, "flags": []},
        "pixel_budget": {"min_pixels": 50176, "max_pixels": 100352},
        "licence": ["Apache-2.0"],
        "leak_block": [],
    }


def put(folder: Path, table: str, rows: list[dict[str, Any]], name: str | None = None) -> None:
    write(TABLES[table], from_rows(TABLES[table], rows), folder / f"{name or table}.parquet")


def ingested(store: Path, source: str, tested: int = 3) -> StepOutput:
    def work(folder: Path) -> dict[str, Any]:
        packs = store / "packs" / source
        packs.mkdir(parents=True, exist_ok=True)
        put(packs, "images", [image_row(source, n) for n in range(IMAGES_EACH)], "0123456789abcdef")
        pack = packs / "0123456789abcdef.parquet"
        put(folder, "person_images", [person_row(source, n, tested) for n in range(IMAGES_EACH)])
        put(folder, "rejects", [reject_row(source, "images")])
        sha256 = hashlib.sha256(pack.read_bytes()).hexdigest()
        name = f"{source}/0123456789abcdef.parquet"
        return {
            "source": source,
            "title": source.upper(),
            "raw_digest": "a" * 64,
            "reader_version": "1",
            "licence": "Apache-2.0",
            "access_status": "synthetic",
            "release_allowed": True,
            "packs": [{"file": name, "sha256": sha256, "rows": IMAGES_EACH, "size": pack.stat().st_size}],
            "reported": [{"what": "train", "official": 12936, "found": 3, "tag": "C"}],
        }

    return run_step(store, "ingest", {"source": source, "tested": tested}, work)


def described(store: Path, source: str, words: str = WORDS) -> StepOutput:
    def work(folder: Path) -> dict[str, Any]:
        put(folder, "captions", [caption_row(source, n, words) for n in range(IMAGES_EACH)])
        put(folder, "attributes", [])
        put(folder, "rejects", [reject_row(source, "captions")])
        return {"model": "grammar", "revision": "1"}

    return run_step(store, "describe", {"source": source, "words": words}, work)


def mined(store: Path, source: str) -> StepOutput:
    def work(folder: Path) -> dict[str, Any]:
        put(folder, "neighbours", [])
        return {"model": "striped_colour", "revision": "1"}

    return run_step(store, "mine", {"source": source}, work)


def composed(store: Path, family: str, stage_number: int, rows: dict[str, int]) -> StepOutput:
    def work(folder: Path) -> dict[str, Any]:
        files = []
        for split, count in rows.items():
            made = from_rows(
                TABLES["conversations"], [conversation_row(family, stage_number, split, n) for n in range(count)]
            )
            written = write_files(TABLES["conversations"], [made], folder, f"conversations-{split}")
            files += [{**asdict(file), "split": split} for file in written]
        return {"files": files}

    return run_step(store, "compose", {"family": family, "rows": rows}, work)


def joint(store: Path, step: str, *tables: str) -> StepOutput:
    def work(folder: Path) -> dict[str, Any]:
        for table in tables:
            put(folder, table, [])
        return {}

    return run_step(store, step, {}, work)


def verdict(
    name: str, *, passed: bool = True, severity: str = "error", failing: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "severity": severity,
        "passed": passed,
        "figure": 0.0 if passed else float(len(failing)),
        "summary": "All is well." if passed else f"{len(failing)} rows break it.",
        "failing": list(failing),
        "remedy": "" if passed else "Remove the rows.",
    }


def validated(store: Path, verdicts: list[dict[str, Any]]) -> StepOutput:
    def work(folder: Path) -> dict[str, Any]:
        (folder / "gates.json").write_text(json.dumps(verdicts))
        (folder / "expectations.json").write_text("[]")
        return {}

    return run_step(store, "validate", {"verdicts": verdicts}, work)


FAMILIES: dict[str, dict[str, Any]] = {
    "ATTR_QA": {"stage": 1, "rows": {"train": 3}},
    "SAME_YN": {"stage": 2, "rows": {"train": 6, "test": 2}},
    "CC_YN": {"stage": 3, "rows": {"train": 0, "test": 4}},
}


def toy(
    store: Path,
    families: dict[str, dict[str, Any]] | None = None,
    verdicts: Any = None,
    words: str = WORDS,
    tested: int = 3,
) -> Toy:
    asked = families or FAMILIES
    recipe = Recipe.model_validate(
        {
            "name": "toy",
            "version": "0.1.0",
            "title": "A toy: two sources",
            "sources": [{"name": source, "root": f"/raw/{source}"} for source in SOURCES],
            "families": asked,
        }
    )
    parts = [Parts(ingested(store, s, tested), described(store, s, words), mined(store, s)) for s in SOURCES]
    made = {family: composed(store, family, quota["stage"], quota["rows"]) for family, quota in asked.items()}
    linked = joint(store, "link", "identity_links")
    benchmarked = joint(store, "protocols", "protocols", "protocol_members")
    staged = stage(store, recipe, parts, linked, made, benchmarked)
    return Toy(store, recipe, parts, staged, validated(store, verdicts or [verdict("references")]))
