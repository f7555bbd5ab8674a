"""Write one stage of a version in the form a trainer reads, pictures included.

export(Path("data/hpt"), 2, "llama-factory", Path("out")) -> out/stage2-train.jsonl, out/images/…, out/README.md
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.discovery import find
from schemas.errors import BadTable, NotWritable, UnknownVersion, WrongUse
from schemas.keys import digest, hash_ids, mix, order, seed_of
from tasks.steps.store import new_folder
from tasks.versions.exporting import Export, Picture, picture_name, samples_of
from tasks.versions.reader import VersionFolder
from tasks.versions.regions import shown_name
from tasks.versions.verify import refuse_unwritable
from tasks.view import cut

PACKAGE = "tasks.versions.exports"


def export(version: Path, stage: int, form: str, out: Path, split: str = "train", limit: int | None = None) -> Path:
    """Export a stage to the new folder `out`, which appears whole, and return it.

    `limit` keeps that many samples, chosen by id over all families. Raises UnknownName for an unknown form,
    UnknownVersion for a stage or split without rows, WrongUse when `out` holds something, BadTable naming a sample
    that a trainer could not read.
    """
    chosen: Export = find(PACKAGE, "EXPORT", form.replace("-", "_"))
    folder = VersionFolder(version)
    rows = _limited(_rows(folder, stage, split), stage, limit)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WrongUse(f"The folder {str(out)!r} is not empty: export into a new folder.")
    refuse_unwritable(out.absolute().parent, "The folder", "Export to a place you may write to.")
    stem = f"stage{stage}-{split}"
    with new_folder(out.absolute()) as draft:
        _write(chosen, rows, _pictures(folder, rows), draft, stem)
        readme = f"# {chosen.title}: {stem}, {rows.num_rows} samples\n\n{chosen.usage.format(stem=stem)}\n"
        (draft / "README.md").write_text(readme, encoding="utf-8")
        draft.chmod(draft.parent.stat().st_mode & 0o777)
    return out


def _write(chosen: Export, rows: pa.Table, pictures: dict[str, Picture], draft: Path, stem: str) -> None:
    try:
        count = chosen.write(samples_of(rows, pictures), draft, stem)
    except OSError as error:
        raise NotWritable(f"The export could not be written ({error.strerror}).") from error
    if count != rows.num_rows:
        raise BadTable(f"The export holds {count} of {rows.num_rows} samples.")


def _rows(folder: VersionFolder, stage: int, split: str) -> pa.Table:
    rows = folder.conversations(stage, split)
    if rows.num_rows:
        return rows
    held = folder.table("conversations", ["stage", "split"]).group_by(["stage", "split"]).aggregate([])
    known = sorted(f"stage {row['stage']} {row['split']}" for row in held.to_pylist())
    raise UnknownVersion(
        f"This version has no rows in stage {stage}, split {split!r}. It has: {', '.join(known) or 'no conversations'}."
    )


def _limited(rows: pa.Table, stage: int, limit: int | None) -> pa.Table:
    """At most `limit` rows, the same ones whatever else the version holds, in the order they had."""
    if limit is None or limit >= rows.num_rows:
        return rows
    words = mix(seed_of("export", stage), hash_ids(rows.column("sample_id").to_pylist()))
    return rows.take(pa.array(np.sort(order(words)[:limit])))


def _pictures(folder: VersionFolder, rows: pa.Table) -> dict[str, Picture]:
    """Every picture the rows show, whole or in part, by the name of what is shown."""
    shown = pc.list_flatten(rows.column("images").combine_chunks())
    wanted = pc.unique(pc.struct_field(shown, "image_id"))
    facts = folder.table("images", ["image_id", "source", "sha256", "format"])
    facts = facts.filter(pc.is_in(facts.column("image_id"), value_set=wanted)).to_pylist()
    encoded = folder.image_bytes(wanted.to_pylist())
    by_id = dict(zip(wanted.to_pylist(), encoded, strict=True))
    whole = {
        fact["image_id"]: Picture(
            fact["image_id"], picture_name(fact["source"], fact["sha256"], fact["format"]), by_id[fact["image_id"]]
        )
        for fact in facts
    }
    return whole | _parts(shown, whole)


def _parts(shown: pa.StructArray, whole: Mapping[str, Picture]) -> dict[str, Picture]:
    """The pictures of which rows show a part, cut to it and named after both."""
    cut_out = shown.filter(pc.is_valid(pc.struct_field(shown, "region")))
    parts: dict[str, Picture] = {}
    for ref in pa.Table.from_struct_array(cut_out).select(["image_id", "region"]).to_pylist():
        name = shown_name(ref)
        if name not in parts:
            picture = whole[ref["image_id"]]
            stem = f"{picture.name.rsplit('.', 1)[0]}-{digest(ref['region'])[:8]}.png"
            parts[name] = Picture(picture.image_id, stem, cut(picture.encoded, ref["region"]))
    return parts
