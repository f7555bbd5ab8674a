"""LUPerson-MLLM: pictures in one folder, and four dictionaries of captions, one per model and instruction.

Awkward on purpose: the keys are paths of somebody's machine, some answers still hold a part of their prompt, each file
lacks a picture, and one tells of a picture that is not there. At the official size it is a small part of the real one.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from generators.sample.crowds import crowd
from generators.sample.layout import Layout, Shot
from generators.sample.records import captions

NAME = "luperson_mllm"
_SIZES = {"tiny": 16, "demo": 500, "official": 5_000}
_FILES = ("Ts-qwen", "Td-qwen", "Ts-shikra", "Td-shikra")
_LEFTOVERS = ("The description] {}", "{} <p>")


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""

    def name(number: int, camera: int) -> str:
        return f"LUPerson-MLLM/{number // 40:04d}_{number % 40}_{number * 3}.jpg"

    return crowd(NAME, seed, [("train", _SIZES[size_name])], name)


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The four caption files."""
    told = [captions(LAYOUT, NAME, seed, shot, len(_FILES)) for shot in found]
    for at, name in enumerate(_FILES):
        answers = {
            f"/home/somebody/{shot.relpath}": _answer(texts[at], index + at)
            for index, (shot, texts) in enumerate(zip(found, told, strict=True))
            if index != at + 3
        }
        if at == 0:
            answers["/home/somebody/LUPerson-MLLM/9999_0_0.jpg"] = "A person whose picture was lost."
        (root / f"{name}.json").write_text(json.dumps(answers), encoding="utf-8")


def _answer(text: str, number: int) -> str:
    return _LEFTOVERS[number % 2].format(text) if number % 11 == 7 else text


LAYOUT = Layout(name=NAME, folder="LUPerson-T", shots=shots, write_labels=write_labels, really=1_000_000)
