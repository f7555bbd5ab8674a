"""SYNTH-PEDES: numbered persons in eleven parts, and one JSON file with six attribute slots and captions a picture.

Awkward on purpose: slots that are `unknown` or hold a word of no vocabulary, an empty caption, a record of another
person, and one of a picture that is not there. At the official size it is a small part of the real one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread
from generators.sample.records import captions, write_records

NAME = "synth_pedes"
_SIZES = {"tiny": (6, 15), "demo": (150, 450), "official": (1_500, 6_000)}
_PARTS = 11
_WORDS = {"t_shirt": "t-shirt", "blond": "blonde", "sweatpants": "pants", "trousers": "pants", "leather": "shoes"}
_CARRIED = {"backpack": "backpack", "shoulder_bag": "shoulder bag", "hand_bag": "handbag", "none": "unknown"}


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    persons, images = _SIZES[size_name]
    counts = spread(images, persons)
    return [_shot(seed, person, take) for person, count in enumerate(counts, start=1) for take in range(1, count + 1)]


def _shot(seed: int, person: int, take: int) -> Shot:
    return Shot(
        relpath=f"Part{1 + (person - 1) * 7 % _PARTS}/{person}/{take}.jpg",
        person=person,
        camera=1 + Draws(seed, NAME, "camera", person, take).whole(8),
        take=take,
        split="train",
        pid_raw=str(person),
        cam_raw=None,
    )


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The record file."""
    records = [_record(seed, index, shot) for index, shot in enumerate(found)]
    if size_name != "official":
        records += [{**records[0], "file_path": "Part1/1/99.jpg"}, {**records[1], "id": records[1]["id"] + 1}]
        records[2]["captions"] = [*records[2]["captions"], " "]
    write_records(root / "synthpedes_dataset.json", records)


def _record(seed: int, index: int, shot: Shot) -> dict[str, Any]:
    slots = _slots(seed, shot)
    if index % 5 == 2:
        slots[index % 6] = "unknown"
    if index % 7 == 3:
        slots[3] = "plum kilt"
    said = f"A {slots[0]} wearing {slots[2]} and {slots[3]}."
    return {
        "id": shot.person,
        "file_path": shot.relpath,
        "attributes": [",".join(slots)],
        "captions": captions(LAYOUT, NAME, seed, shot, 2),
        "prompt_caption": [said],
    }


def _slots(seed: int, shot: Shot) -> list[str]:
    person, worn = LAYOUT.person(seed, shot.person), LAYOUT.outfit(seed, shot.person, shot.outfit)
    return [
        "woman" if person.gender == "feminine" else "man",
        f"{_word(person.hair_color)} hair",
        f"{worn.upper_color} {_word(worn.upper_type)}",
        f"{worn.lower_color} {_word(worn.lower_type)}",
        f"{worn.footwear_color} {_word(worn.footwear_type)}",
        _CARRIED.get(worn.bag, "unknown"),
    ]


def _word(value: str) -> str:
    return _WORDS.get(value, value.replace("_", " "))


LAYOUT = Layout(name=NAME, folder="SYNTH-PEDES", shots=shots, write_labels=write_labels, really=4_791_711)
