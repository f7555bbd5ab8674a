"""A contact sheet: a grid of a version's person images, a person a row, so that a reader sees what is in it."""

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image, ImageDraw

from schemas.keys import hash_ids, mix, order, seed_of
from tasks.versions.reader import VersionFolder

CELL = (64, 128)
_GAP = 4
_PER_ROW = 12


def contact_sheet(version: VersionFolder, n: int = 48, kind: str = "JPEG") -> bytes:
    """A picture (JPEG or PNG) of up to `n` images of 64×128 pixels, persons chosen by key, a person's side by side."""
    chosen = choose_images(version.table("person_images", ["image_id", "person_key", "role_flag"]), n)
    return draw_sheet(version.image_bytes(chosen), kind)


def choose_images(people: pa.Table, n: int, per_person: int = 6) -> list[str]:
    """Up to `n` image ids: persons in a key-seeded order, up to `per_person` images of each."""
    known = people.filter(pc.is_valid(people.column("person_key"))).sort_by([("image_id", "ascending")])
    ids = known.column("image_id").to_pylist()
    persons = known.column("person_key").to_pylist()
    seen: dict[str, list[str]] = {}
    for image_id, person in zip(ids, persons, strict=True):
        seen.setdefault(person, []).append(image_id)
    names = sorted(seen)
    shuffled = order(mix(seed_of("contact sheet"), hash_ids(names)))
    spread = [_spread(seen[names[i]], per_person) for i in shuffled]
    return [image_id for group in spread for image_id in group][:n]


def _spread(ids: Sequence[str], n: int) -> list[str]:
    """Up to n ids spread evenly over a person's images, so that cameras and outfits show."""
    places = np.unique(np.linspace(0, len(ids) - 1, min(n, len(ids))).astype(int))
    return [ids[place] for place in places]


def draw_sheet(encoded: Sequence[bytes], kind: str = "JPEG") -> bytes:
    """Images (encoded) on a grid of twelve columns, as a JPEG or PNG."""
    columns = min(_PER_ROW, max(1, len(encoded)))
    rows = max(1, -(-len(encoded) // columns))
    width, height = CELL[0] + _GAP, CELL[1] + _GAP
    sheet = Image.new("RGB", (columns * width + _GAP, rows * height + _GAP), (32, 34, 38))
    for place, data in enumerate(encoded):
        tile = Image.open(io.BytesIO(data)).convert("RGB").resize(CELL)
        sheet.paste(tile, (_GAP + place % columns * width, _GAP + place // columns * height))
    if not encoded:
        ImageDraw.Draw(sheet).text((8, 8), "no images", fill=(200, 200, 200))
    out = io.BytesIO()
    sheet.save(out, kind, quality=88)
    return out.getvalue()
