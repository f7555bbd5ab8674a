"""Write one stage of a version in the form a trainer reads, pictures included.

export(Path("data/hpt"), 2, "llama-factory", Path("out")) -> out/stage2-train.jsonl, out/images/…, out/README.md
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.discovery import find
from schemas.errors import BadTable, NotWritable, UnknownVersion, WrongUse
from schemas.keys import digest, hash_ids, mix, order, seed_of
from tasks.steps.store import new_folder
from tasks.versions.exporting import Export, Picture, Sample, picture_name, samples_of
from tasks.versions.reader import VersionFolder
from tasks.versions.regions import Region, shown_name
from tasks.versions.verify import refuse_unwritable
from tasks.view import cut

PACKAGE = "tasks.versions.exports"
Places = npt.NDArray[np.int64]
_FACTS = ("image_id", "source", "sha256", "format")
_FEW = 10_000
_COLUMNS = ("sample_id", "stage", "family", "split", "images", "turns", "answer", "pixel_budget")


def export(version: Path, stage: int, form: str, out: Path, split: str = "train", limit: int | None = None) -> Path:
    """Export a stage to the new folder `out`, which appears whole, and return it.

    Rows are read in blocks and pictures when they are written, so that memory does not grow with the version. `limit`
    keeps that many samples, chosen by id over all families. Raises UnknownName for an unknown form, UnknownVersion for
    a stage or split without rows, WrongUse when `out` holds something, BadTable naming a sample that a trainer could
    not read.
    """
    chosen: Export = find(PACKAGE, "EXPORT", form.replace("-", "_"))
    folder = VersionFolder(version)
    count = _count(folder, stage, split)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WrongUse(f"The folder {str(out)!r} is not empty: export into a new folder.")
    refuse_unwritable(out.absolute().parent, "The folder", "Export to a place you may write to.")
    kept = count if limit is None else min(limit, count)
    places = _drawn(folder, stage, split, kept) if kept < count else None
    stem = f"stage{stage}-{split}"
    with new_folder(out.absolute()) as draft:
        budgets: set[tuple[int, int]] = set()
        _write(chosen, _noting(budgets, _samples(folder, stage, split, places)), kept, draft, stem)
        usage = chosen.usage.format(stem=stem, pixels=_budget(budgets))
        readme = f"# {chosen.title}: {stem}, {kept} samples\n\n{usage}\n"
        (draft / "README.md").write_text(readme, encoding="utf-8")
        draft.chmod(draft.parent.stat().st_mode & 0o777)
    return out


def _write(chosen: Export, samples: Iterable[Sample], expected: int, draft: Path, stem: str) -> None:
    try:
        count = chosen.write(samples, draft, stem)
    except OSError as error:
        raise NotWritable(f"The export could not be written ({error.strerror}).") from error
    if count != expected:
        raise BadTable(f"The export holds {count} of {expected} samples.")


def _noting(budgets: set[tuple[int, int]], samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples, their pixel budgets noted as they pass."""
    for sample in samples:
        budgets.add(sample.pixels)
        yield sample


def _budget(budgets: set[tuple[int, int]]) -> str:
    """The least and the most that any sample allows a picture."""
    return f"`min_pixels={min(low for low, _ in budgets)}` and `max_pixels={max(high for _, high in budgets)}`"


def _count(folder: VersionFolder, stage: int, split: str) -> int:
    """How many rows a stage and split have. Raises UnknownVersion for none."""
    count = folder.conversation_count(stage, split)
    if count:
        return count
    named = {(held, part) for (held, _), splits in folder.families().items() for part in splits}
    known = [f"stage {held} {part}" for held, part in sorted(named) if folder.conversation_count(held, part)]
    raise UnknownVersion(
        f"This version has no rows in stage {stage}, split {split!r}. It has: {', '.join(known) or 'no conversations'}."
    )


def _drawn(folder: VersionFolder, stage: int, split: str, limit: int) -> Places:
    """The numbers of `limit` rows, the same rows whatever else the version holds, in their order."""
    places, words, first = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64), 0
    for block in folder.conversation_blocks(stage, split, ["sample_id"]):
        drawn = mix(seed_of("export", stage), hash_ids(block.column("sample_id").to_pylist()))
        words = np.append(words, drawn)
        places = np.append(places, np.arange(first, first + block.num_rows))
        first += block.num_rows
        kept = np.sort(order(words)[:limit])
        places, words = places[kept], words[kept]
    return places


def _samples(folder: VersionFolder, stage: int, split: str, places: Places | None) -> Iterator[Sample]:
    """The samples of a stage, or those at some places, a block of rows at a time."""
    blocks = _blocks(folder, stage, split, places)
    if places is None or len(places) > _FEW:
        facts = folder.table("images", _FACTS)
    else:
        kept = pa.concat_tables(blocks)
        wanted, blocks = _wanted(kept), iter([kept])
        folder, facts = folder.showing(wanted), folder.rows("images", "image_id", wanted, _FACTS)
    for block in blocks:
        if block.num_rows:
            yield from samples_of(block, _pictures(folder, facts, block))


def _blocks(folder: VersionFolder, stage: int, split: str, places: Places | None) -> Iterator[pa.Table]:
    first = 0
    for block in folder.conversation_blocks(stage, split, _COLUMNS):
        end = first + block.num_rows
        if places is not None:
            inside = places[np.searchsorted(places, first) : np.searchsorted(places, end)]
            block = block.take(pa.array(inside - first))
        yield block
        first = end


def _wanted(rows: pa.Table) -> pa.Array:
    """The ids of all images that some rows show."""
    return pc.unique(pc.struct_field(pc.list_flatten(rows.column("images").combine_chunks()), "image_id"))


def _pictures(folder: VersionFolder, facts: pa.Table, rows: pa.Table) -> dict[str, Picture]:
    """Every picture that some rows show, whole or in part, by the name of what is shown. None is read yet."""
    shown = pc.list_flatten(rows.column("images").combine_chunks())
    wanted = _wanted(rows)
    folder.refuse_lost(wanted.to_pylist())
    told = facts.filter(pc.is_in(facts.column("image_id"), value_set=wanted)).to_pylist()
    whole = {fact["image_id"]: _picture(folder, fact) for fact in told}
    return whole | _parts(shown, whole)


def _picture(folder: VersionFolder, fact: Mapping[str, str]) -> Picture:
    image_id = fact["image_id"]
    name = picture_name(fact["source"], fact["sha256"], fact["format"])
    return Picture(image_id, name, lambda: folder.image_bytes([image_id])[0])


def _parts(shown: pa.StructArray, whole: Mapping[str, Picture]) -> dict[str, Picture]:
    """The pictures of which rows show a part, cut to it and named after both."""
    cut_out = shown.filter(pc.is_valid(pc.struct_field(shown, "region")))
    parts: dict[str, Picture] = {}
    for ref in pa.Table.from_struct_array(cut_out).select(["image_id", "region"]).to_pylist():
        name = shown_name(ref)
        if name not in parts:
            parts[name] = _part(whole[ref["image_id"]], ref["region"])
    return parts


def _part(picture: Picture, region: Region) -> Picture:
    name = f"{picture.name.rsplit('.', 1)[0]}-{digest(region)[:8]}.png"
    return Picture(picture.image_id, name, lambda: cut(picture.read(), region))
