"""Toy people for the question tests: tables as the steps hand them over, with names a reader can follow."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from generators.composing import Rows, choose_rows
from generators.pool import build_pool
from generators.wording import load_wording
from schemas.discovery import find
from schemas.keys import hash_ids
from schemas.question import Pool
from schemas.recipe import Family
from schemas.tables import TABLES

SIZES = pa.schema([("image_id", pa.string()), ("width", pa.int32()), ("height", pa.int32())])
COLOURS = ("red", "blue", "black", "white", "green")
TOLD = {0: "red", 1: "blue", 2: "black", 3: "white", 4: "green"}


def people(
    persons: int,
    cameras: int = 3,
    shots: int = 2,
    outfits: int = 1,
    split: str = "train",
    source: str = "toy",
    **more: Any,
) -> list[dict[str, Any]]:
    """`persons` people, each seen `shots` times by every camera in every outfit."""
    return [
        image(source, f"{p:04}", f"c{c}", f"{o}", f"{source}/{split}/{p:04}_c{c}_{o}_{s}.jpg", split=split, **more)
        for p in range(persons)
        for c in range(cameras)
        for o in range(outfits)
        for s in range(shots)
    ]


def image(source: str, person: str, camera: str, outfit: str, image_id: str, **more: Any) -> dict[str, Any]:
    """One person image with every column the table promises."""
    person_key = f"{source}:{more.get('split', 'train')}-{person}"
    return {
        "image_id": image_id,
        "source": source,
        "relpath": image_id,
        "source_split": "train",
        "split": "train",
        "pid_raw": person,
        "person_key": person_key,
        "role_flag": "normal",
        "cam_raw": camera,
        "cam_key": f"{source}:{camera}",
        "modality": "rgb",
        "clothes_key": f"{person_key}/{outfit}",
        "license_id": f"{source}-research",
        "access_status": "open",
        "release_allowed": True,
        "parse_warnings": [],
        "reader_version": "1",
        **more,
    }


def colours(images: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A top colour, a lower colour and a backpack for every outfit, by the order in which outfits first appear."""
    outfits = list(dict.fromkeys(str(row["clothes_key"]) for row in images))
    rows = []
    for at, outfit in enumerate(outfits):
        said = {
            "upper_color_primary": COLOURS[at % 5],
            "lower_color_primary": COLOURS[at // 5 % 5],
            "backpack": ("no", "yes")[at % 3 == 0],
        }
        rows += [{"level": "clothes", "clothes_key": outfit, "key": k, "value": v} for k, v in said.items()]
    return [{"attribute_id": f"a{n:06}", "attribute_source": "human", **row} for n, row in enumerate(rows)]


_MORE = {
    "upper_sleeve": ("long", "short"),
    "hair_length": ("short", "long", "tied"),
    "headwear": ("none", "cap"),
    "footwear_color": ("white", "brown", "blue"),
    "hand_bag": ("no", "yes"),
    "shoulder_bag": ("no", "no", "yes"),
}


def details(images: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """More values for every outfit, which follow from its name alone, and the modality of every picture."""
    rows = [
        {"attribute_id": f"{row['image_id']} modality", "attribute_source": "metadata", "level": "image"}
        | {"image_id": row["image_id"], "key": "modality", "value": row["modality"]}
        for row in images
    ]
    for outfit in sorted({str(row["clothes_key"]) for row in images}):
        for key, values in _MORE.items():
            value = values[int(hash_ids([f"{outfit} {key}"])[0] % len(values))]
            row = {"level": "clothes", "clothes_key": outfit, "key": key, "value": value}
            rows.append({"attribute_id": f"{outfit} {key}", "attribute_source": "human", **row})
    return rows


def captions(images: Sequence[Mapping[str, Any]], colour: Mapping[str, str]) -> list[dict[str, Any]]:
    """A short caption, the same in another style, and a long one for every picture, by the colour of its outfit."""
    rows = []
    for row in images:
        worn = f"a {colour[str(row['clothes_key'])]} jacket"
        long = (
            f"This is somebody who wears {worn} and walks along a wall here. " + "Nothing else stands out at all. " * 6
        )
        texts = (
            f"A person who wears {worn} today.",
            f"Seen here: a person, wearing: {worn}, nothing more.",
            long.strip(),
        )
        for number, (text, style) in enumerate(zip(texts, (None, "inventory", "detailed"), strict=True)):
            rows.append(caption(row["image_id"], text, number, style))
    return rows


def caption(image_id: str, text: str, number: int = 0, style: str | None = None) -> dict[str, Any]:
    """One human caption of an image."""
    return {
        "caption_id": f"{image_id}#{number}",
        "image_id": image_id,
        "caption_index": number,
        "text_raw": text,
        "text": text,
        "n_words": len(text.split()),
        "caption_source": "human",
        "style": style,
        "language": "en",
        "valid": True,
        "flags": [],
    }


def pool_of(
    images: Sequence[Mapping[str, Any]],
    split: str = "train",
    captions: Sequence[Mapping[str, Any]] = (),
    attributes: Sequence[Mapping[str, Any]] | None = None,
    neighbours: Sequence[Mapping[str, Any]] = (),
    sizes: Mapping[str, tuple[int, int]] | None = None,
    looks: Mapping[str, int] | None = None,
) -> Pool:
    """The pool of toy people; attributes are toy colours unless given, every picture is 64 by 128 unless said.

    `looks` are perceptual hashes; without them no two pictures are near-duplicates.
    """
    said = colours(images) if attributes is None else list(attributes)
    shape = sizes or {}
    measured = [
        {"image_id": i, "width": shape.get(i, (64, 128))[0], "height": shape.get(i, (64, 128))[1]}
        for i in sorted(str(row["image_id"]) for row in images)
    ]
    shapes = pa.Table.from_pylist(measured, schema=SIZES)
    if looks is not None:
        hashes = [looks[row["image_id"]] for row in measured]
        shapes = shapes.append_column("phash", pa.array(hashes, pa.uint64()))
    shown = pa.Table.from_pylist([dict(row) for row in images], schema=TABLES["person_images"].schema)
    return build_pool(
        split,
        shown,
        shapes,
        pa.Table.from_pylist([dict(row) for row in captions], schema=TABLES["captions"].schema),
        pa.Table.from_pylist([dict(row) for row in said], schema=TABLES["attributes"].schema),
        pa.Table.from_pylist([dict(row) for row in neighbours], schema=TABLES["neighbours"].schema),
        distractors=shown,
    )


def rows_of(family: str, pool: Pool, rows: int, seed: int = 7, **options: Any) -> list[dict[str, Any]]:
    """The rows of a family over a pool, as Python values."""
    return table_of(family, pool, rows, seed, **options).to_pylist()


def table_of(family: str, pool: Pool, rows: int, seed: int = 7, **options: Any) -> pa.Table:
    """The rows of a family over a pool."""
    return composed(family, pool, rows, seed, **options)[0]


def composed(family: str, pool: Pool, rows: int, seed: int = 7, **options: Any) -> tuple[pa.Table, str]:
    """The rows of a family over a pool, and why there are fewer than asked for."""
    question = find("generators.questions", "QUESTION", family.lower())
    quota = Family(stage=question.default_stage, rows={pool.split: rows}, options=options)
    return worded(choose_rows(family, question, load_wording(family), pool, quota, seed, (50_176, 100_352)))


def worded(rows: Rows) -> tuple[pa.Table, str]:
    """All rows in words, and why there are fewer than asked for."""
    return pa.concat_tables([TABLES["conversations"].schema.empty_table(), *rows.blocks()]), rows.shortfall


def rich_crowd(split: str = "train") -> Pool:
    """The same people with more known of each, and three captions per picture in colour, one of them long."""
    images = people(30, cameras=4, outfits=2, split=split)
    for row in images:
        row["modality"] = "near_infrared" if row["cam_raw"] == "c3" else "rgb"
    outfits = list(dict.fromkeys(str(row["clothes_key"]) for row in images))
    colour = {outfit: TOLD[at % 5] for at, outfit in enumerate(outfits)}
    told = captions([row for row in images if row["modality"] == "rgb"], colour)
    return pool_of(images, split, captions=told, attributes=[*colours(images), *details(images)])
