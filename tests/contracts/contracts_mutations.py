"""The ways in which a good version is damaged, each with the check that should notice and its words."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from contracts_damage import (
    Mutation,
    arrow,
    cast,
    cell,
    entry,
    format_of,
    inner,
    manifest,
    metadata,
    place,
    put,
    renamed,
    rows,
    swapped,
    tail,
)

from tasks.checking.toy import Row

SAME = "conversations:train-SAME_YN"
TRAIN, TEST = "toy/train/0000_c1_000100.jpg", "toy/test/0004_c1_000100.jpg"


def linked(folder: Path) -> None:
    path = place(folder, "captions")
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")


def doubled_across_files(folder: Path) -> None:
    stolen = pq.read_table(place(folder, "conversations:train-SAME"), partitioning=None).to_pylist()[0]["sample_id"]
    rows("conversations:test-SAME", lambda listed: listed.insert(0, listed.pop(0) | {"sample_id": stolen}))(folder)


def copied_picture(folder: Path) -> None:
    """The bytes of a test picture under the name of a train picture, its digest and length signed too."""

    def change(listed: list[Row]) -> None:
        by_id = {row["image_id"]: row for row in listed}
        names = ("sha256", "n_bytes", "phash")
        by_id[TRAIN].update({name: by_id[TEST][name] for name in names})
        by_id[TRAIN]["image"] = {**by_id[TRAIN]["image"], "bytes": by_id[TEST]["image"]["bytes"]}

    rows("images", change)(folder)


def _retrained(listed: list[Row]) -> None:
    next(row for row in listed if row["image_id"] == TEST)["split"] = "train"


def _doubtful(listed: list[Row]) -> None:
    listed[0]["answer"]["text"] = listed[0]["turns"][-1]["text"] = "Maybe"


def _alike(listed: list[Row], one: str, other: str) -> None:
    listed[0][one] = listed[0][other]


FILES: dict[str, Mutation] = {
    "a file cut short": Mutation("files.digest", "bytes;", tail("captions", lambda d: d[:-9]), False),
    "a changed byte": Mutation("files.digest", "has sha256", tail("captions", lambda d: d[:-9] + b"x" + d[-8:]), False),
    "a missing shard": Mutation(
        "files.digest", "is missing", lambda f: place(f, "conversations:train-ATTR_QA").unlink(), False
    ),
    "an extra file": Mutation("files.extra", "not part of", lambda f: (f / "notes.txt").write_text("x"), False),
    "an extra table nobody reads": Mutation(
        "files.place", "no reader looks", renamed("data/rejects/toy-0000.parquet", "data/reject/toy.parquet")
    ),
    "a link in place of a file": Mutation("files.digest", "outside the version folder", linked, False),
    "a wrong digest in the manifest": Mutation("files.digest", "has sha256", entry(sha256="0" * 64), False),
    "a wrong size in the manifest": Mutation("files.digest", "were published", entry(size=3), False),
    "a wrong row count in the manifest": Mutation("files.rows", "rows; 3 were published", entry(rows=3), False),
    "a wrong logical digest": Mutation("content", "holds content", entry(logical="0" * 64), False),
    "a path that leaves the folder": Mutation("BadTable", "relative path", entry(path="../captions.parquet"), False),
    "a path listed twice": Mutation(
        "BadTable", "not a file of a version", manifest(lambda v: v["files"].append(v["files"][0])), False
    ),
    "a manifest that is no JSON": Mutation("BadTable", "not JSON", lambda f: put(f / "manifest.json", b"{"), False),
    "a manifest without its seed": Mutation("BadTable", "seed", manifest(lambda v: v.pop("seed")), False),
    "a manifest of a newer format": Mutation(
        "FormatTooNew", "pip install --upgrade", manifest(lambda v: v.update(format_version=2)), False
    ),
    "no manifest": Mutation("UnknownVersion", "manifest.json", lambda f: (f / "manifest.json").unlink(), False),
    "a file of a newer format": Mutation("FormatTooNew", "pip install --upgrade", metadata(format_of(2))),
    "a file without our metadata": Mutation("files.profile", "no reidforge metadata", metadata(None)),
    "a file that says it is another table": Mutation(
        "files.place", "a table 'images'", metadata({b"reidforge": b'{"table": "images", "format_version": 1}'})
    ),
    "a name that promises other content": Mutation(
        "files.name",
        "named after the content",
        renamed("data/captions/toy-0000.parquet", f"data/captions/t-{'0' * 12}.parquet"),
    ),
    "swapped splits": Mutation(
        "files.place", "of the split", swapped("data/stage2/train-SAME_YN.parquet", "data/stage2/test-SAME_YN.parquet")
    ),
    "swapped families": Mutation(
        "files.place",
        "of the family",
        swapped("data/stage1/train-ATTR_QA.parquet", "data/stage1/train-ATTR_YN.parquet"),
    ),
    "a file under another stage": Mutation(
        "files.place",
        "rows of stage 2",
        renamed("data/stage2/train-SAME_YN.parquet", "data/stage3/train-SAME_YN.parquet"),
    ),
    "a file without its end, signed": Mutation(
        "contract.captions", "is not Parquet", tail("captions", lambda d: d[:-40])
    ),
    "an empty file, signed": Mutation("contract.captions", "is not Parquet", tail("captions", lambda d: b"")),
    "a page for a file, signed": Mutation("contract.captions", "is not Parquet", tail("captions", lambda d: b"<html>")),
    "zeros in the first page, signed": Mutation(
        "contract.captions", "cannot be read", tail("captions", lambda d: d[:4] + bytes(300) + d[304:])
    ),
}
SHAPE: dict[str, Mutation] = {
    "a renamed column": Mutation(
        "contract.captions",
        "column text is missing",
        arrow("captions", lambda t: t.rename_columns([{"text": "words"}.get(n, n) for n in t.column_names])),
    ),
    "a column that is gone": Mutation(
        "contract.rejects", "column detail is missing", arrow("rejects", lambda t: t.drop_columns(["detail"]))
    ),
    "a column too many": Mutation(
        "contract.rejects",
        "column mood is not promised",
        arrow("rejects", lambda t: t.append_column("mood", pa.array(["x"] * len(t)))),
    ),
    "a number as text": Mutation(
        "contract.images", "width is string, promised is int32", cast("images", "width", pa.string())
    ),
    "a wider number": Mutation("contract.images", "width is int64", cast("images", "width", pa.int64())),
    "a list as text": Mutation("contract.captions", "flags is string", cast("captions", "flags", pa.string(), "x")),
    "a struct without a child": Mutation(
        "contract.images", "image is struct", cast("images", "image", pa.struct([("path", pa.string())]), {"path": "x"})
    ),
    "columns in another order": Mutation(
        "contract.rejects", "stand in the order", arrow("rejects", lambda t: t.select(t.column_names[::-1]))
    ),
    "a required table without files": Mutation(
        "contract.images", "images is not there", lambda f: place(f, "images").unlink()
    ),
}
ROWS: dict[str, Mutation] = {
    "rows in another order": Mutation(
        "contract.captions", "order of their key", rows("captions", lambda r: r.reverse())
    ),
    "a row twice": Mutation(
        "contract.captions", "more than one row", rows("captions", lambda r: r.insert(0, dict(r[0])))
    ),
    "a composite key twice": Mutation(
        "contract.protocol_members", "more than one row", rows("protocol_members", lambda r: r.insert(0, dict(r[0])))
    ),
    "a key in two files": Mutation("contract.conversations", "more than one row", doubled_across_files),
    "a required table without rows": Mutation(
        "contract.images", "promised are at least 1", rows("images", lambda r: r.clear())
    ),
    "a null": Mutation("contract.captions", "text is null", cell("captions", "text", None)),
    "a null in a struct": Mutation("contract.conversations", "answer.text is null", inner(SAME, "answer", text=None)),
    "a null in a list": Mutation("contract.conversations", "images[].role is null", inner(SAME, "images", role=None)),
    "a null list": Mutation("contract.conversations", "turns is null", cell(SAME, "turns", None)),
    "a picture of no width": Mutation("contract.images", "width is below 1", cell("images", "width", 0)),
    "a picture too high": Mutation("contract.images", "height is above 20000", cell("images", "height", 20_001)),
    "a negative length": Mutation("contract.images", "n_bytes is below 1", cell("images", "n_bytes", -5)),
    "a digest in capitals": Mutation("contract.images", "sha256 does not match", cell("images", "sha256", "A" * 64)),
    "an id without a source": Mutation(
        "contract.person_images", "image_id does not match", cell("person_images", "image_id", "0.jpg")
    ),
    "an unknown split": Mutation("contract.person_images", "split is none of", cell("person_images", "split", "dev")),
    "an unknown role": Mutation(
        "contract.person_images", "role_flag is none of", cell("person_images", "role_flag", "x")
    ),
    "an unknown modality": Mutation(
        "contract.person_images", "modality is none of", cell("person_images", "modality", "thermal-ish")
    ),
    "an unknown access": Mutation(
        "contract.person_images", "access_status is none of", cell("person_images", "access_status", "mine")
    ),
    "an unknown attribute": Mutation("contract.attributes", "key is none of", cell("attributes", "key", "mood")),
    "a confidence above one": Mutation(
        "contract.attributes", "confidence is above 1", cell("attributes", "confidence", 1.5)
    ),
    "an unknown role in a row": Mutation(
        "contract.conversations", "images[].role is none of", inner(SAME, "images", role="bystander")
    ),
    "an unknown speaker": Mutation(
        "contract.conversations", "turns[].role is none of", inner(SAME, "turns", role="robot")
    ),
    "an unknown kind of answer": Mutation(
        "contract.conversations", "answer.kind is none of", inner(SAME, "answer", kind="guess")
    ),
    "a short sample id": Mutation(
        "contract.conversations", "sample_id is shorter than 8", cell(SAME, "sample_id", "a")
    ),
    "a caption of an orphan image": Mutation(
        "contract.captions", "has no row in images.image_id", cell("captions", "image_id", "toy/gone.jpg")
    ),
    "a row of an orphan image": Mutation(
        "contract.conversations", "images[].image_id has no row", inner(SAME, "images", image_id="toy/gone.jpg")
    ),
    "a member of an orphan protocol": Mutation(
        "contract.protocol_members", "has no row in protocols", cell("protocol_members", "protocol_id", "zzz", -1)
    ),
    "an unknown junk rule": Mutation("contract.protocols", "junk_rule is none of", cell("protocols", "junk_rule", "x")),
    "a neighbour before the first": Mutation("contract.neighbours", "rank is below 1", cell("neighbours", "rank", 0)),
    "a distance that no angle has": Mutation(
        "contract.neighbours", "distance is above 2", cell("neighbours", "distance", 2.5)
    ),
    "a neighbour that is gone": Mutation(
        "contract.neighbours", "candidate_id has no row", cell("neighbours", "candidate_id", "toy/gone.jpg")
    ),
    "a link for no known reason": Mutation(
        "contract.identity_links", "reason does not match", cell("identity_links", "reason", "a_hunch")
    ),
    "a link without evidence": Mutation(
        "contract.identity_links", "evidence_b is shorter than 1", cell("identity_links", "evidence_b", "")
    ),
    "hashes that differ in more bits than they have": Mutation(
        "contract.identity_links", "distance is above 64", cell("identity_links", "distance", 65)
    ),
    "a score above one": Mutation("contract.text_scores", "score is above 1", cell("text_scores", "score", 1.5)),
    "a score of an orphan caption": Mutation(
        "contract.text_scores", "has no row in captions", cell("text_scores", "caption_id", "toy/gone.jpg#made0")
    ),
    "a score of no caption at all": Mutation(
        "contract.text_scores", "caption_id does not match", cell("text_scores", "caption_id", "toy")
    ),
    "a reject of no table": Mutation("contract.rejects", "table is none of", cell("rejects", "table", "pictures")),
}
GATED: dict[str, Mutation] = {
    "an orphan person image": Mutation("referential_integrity", "", rows("person_images", lambda r: r.pop(3))),
    "a row that states another camera": Mutation("referential_integrity", "", inner(SAME, "images", cam_key="toy:c9")),
    "a gallery image that is gone": Mutation(
        "referential_integrity", "", cell("protocol_members", "member_ids", ["toy/gone.jpg"])
    ),
    "bytes cut short": Mutation(
        "image_bytes",
        "other bytes than their digest",
        rows("images", lambda r: r[0]["image"].update(bytes=r[0]["image"]["bytes"][:-2])),
    ),
    "a size that the picture has not": Mutation("image_bytes", "of another size", cell("images", "width", 9)),
    "a folder in a path": Mutation("image_bytes", "with a folder", inner("images", "image", path="home/me/1.jpg")),
    "a leaked person": Mutation(
        "identity_leak", "linked to one of a protocol", cell("identity_links", "person_b", "toy:0006")
    ),
    "a leaked picture": Mutation(
        "identity_leak", "a picture of a protocol", cell("protocol_members", "member_ids", [TRAIN])
    ),
    "a copy of a test picture": Mutation("identity_leak", "byte-for-byte copy", copied_picture),
    "a person in both splits": Mutation("identity_leak", "", rows("person_images", _retrained)),
    "an answer outside its grammar": Mutation("answer_grammar", "not in the grammar", rows(SAME, _doubtful)),
    "gold against its text": Mutation(
        "answer_grammar",
        "disagrees",
        rows(SAME, lambda r: r[0]["answer"].update(gold_bool=not r[0]["answer"]["gold_bool"])),
    ),
    "a slot left open": Mutation(
        "answer_grammar", "unfilled slot", inner(SAME, "turns", text="[[image:1]] [[image:2]] {a}")
    ),
    "a colour on infrared": Mutation(
        "caption_quality", "", rows("person_images", lambda r: [row.update(modality="near_infrared") for row in r])
    ),
    "a template that shows": Mutation("caption_quality", "", cell("captions", "text", "A person in [colour] shoes.")),
    "a withdrawn source": Mutation("licence", "withdrawn", cell("person_images", "access_status", "withdrawn")),
}
EXPECTED: dict[str, Mutation] = {
    "a link to oneself": Mutation(
        "identity_links",
        "person_b, person_a: expected",
        rows("identity_links", lambda r: _alike(r, "person_b", "person_a")),
    ),
    "a link the wrong way round": Mutation(
        "identity_links",
        "person_b, person_a: expected",
        rows("identity_links", lambda r: r[0].update(person_a=r[0]["person_b"], person_b=r[0]["person_a"])),
    ),
    "one thing seen twice as evidence": Mutation(
        "identity_links",
        "evidence_a, evidence_b: expected",
        rows("identity_links", lambda r: _alike(r, "evidence_b", "evidence_a")),
    ),
    "a neighbour of itself": Mutation(
        "neighbours",
        "anchor_id, candidate_id: expected",
        rows("neighbours", lambda r: _alike(r, "candidate_id", "anchor_id")),
    ),
    "a budget that is no span": Mutation(
        "conversations", "pixel_budget.max_pixels, pixel_budget.min_pixels", inner(SAME, "pixel_budget", max_pixels=1)
    ),
    "more images than a prompt holds": Mutation(
        "conversations", "n_images", rows(SAME, lambda r: r[0].update(images=r[0]["images"][:1] * 25))
    ),
}
