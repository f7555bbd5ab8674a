"""RegDB's ten trials: which half of the persons each one trains on, as lists of images, and as one text per image.

An image that trains in trials 1 and 3 and is tested in the others has the variant `train:1,3;test:2,4,5,6,7,8,9,10`:

>>> trials_of("train:1,3;test:2")
{1: 'train', 2: 'test', 3: 'train'}
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from generators.list_files import bad_line, bad_list, list_lines
from schemas.errors import BadTable
from schemas.rows import Reject
from schemas.source import RawTree

TRIALS = range(1, 11)
HALVES = ("train", "test")
_KINDS = {"visible": "Visible", "thermal": "Thermal"}
_LINE = re.compile(r"(?P<path>(?P<kind>Visible|Thermal)/(?P<pid>[0-9]{1,6})/[^\s/]+) (?P<label>[0-9]{1,6})")


def list_name(half: str, kind: str, trial: int) -> str:
    """The file of one list: `idx/train_visible_1.txt`."""
    return f"idx/{half}_{kind}_{trial}.txt"


def all_lists() -> Iterator[tuple[str, str, str, int]]:
    """(file, half, kind, trial) of the forty lists, trial by trial."""
    for trial in TRIALS:
        for half in HALVES:
            for kind in _KINDS:
                yield list_name(half, kind, trial), half, kind, trial


def variant_of(halves: Mapping[int, str]) -> str | None:
    """The text for an image from {trial: half}; None for an image of no trial."""
    parts = [(half, [str(trial) for trial in sorted(halves) if halves[trial] == half]) for half in HALVES]
    return ";".join(f"{half}:{','.join(trials)}" for half, trials in parts if trials) or None


def trials_of(variant: str | None) -> dict[int, str]:
    """{trial: half} of an image, from its variant; trials that do not list the image are missing."""
    parts = [part.partition(":") for part in variant.split(";")] if variant else []
    return dict(sorted((int(trial), half) for half, _, trials in parts for trial in trials.split(",")))


@dataclass(slots=True)
class Lists:
    """What the lists say: {image: {trial: half}}, and the person behind each label of a trial's half."""

    halves: dict[str, dict[int, str]] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    people: dict[tuple[int, str], str] = field(default_factory=dict)
    labels: dict[tuple[int, str, str], str] = field(default_factory=dict)

    def read(self, tree: RawTree) -> Iterator[Reject]:
        """Reads the lists that are there; when any is, the others are refused as missing."""
        present = {file.relpath for file in tree.files() if file.relpath.startswith("idx/")}
        for relpath, half, kind, trial in all_lists() if present else ():
            if relpath in present:
                yield from self._read_one(tree, relpath, (half, kind, trial))
            else:
                detail = f"The list {relpath!r} is missing, so trial {trial} is incomplete."
                yield bad_list("regdb", relpath, BadTable(detail))

    def _read_one(self, tree: RawTree, relpath: str, which: tuple[str, str, int]) -> Iterator[Reject]:
        half, kind, trial = which
        try:
            for number, line in list_lines(tree, relpath):
                found = _LINE.fullmatch(line)
                if found is None or found["kind"] != _KINDS[kind]:
                    detail = f"{line[:80]!r} is not an image of {_KINDS[kind]}/ and its label, such as '…/285/….bmp 0'."
                    yield bad_line("regdb", relpath, number, "bad_record", detail)
                elif (fault := self._fault(found, half, trial)) is not None:
                    yield bad_line("regdb", relpath, number, "contradiction", fault)
                else:
                    self.halves.setdefault(found["path"], {})[trial] = half
                    self.lines.setdefault(found["path"], f"{relpath} line {number}")
        except BadTable as error:
            yield bad_list("regdb", relpath, error)

    def _fault(self, found: re.Match[str], half: str, trial: int) -> str | None:
        """Why a line contradicts earlier ones of its trial; None for a good line, which is then remembered."""
        pid, label = str(int(found["pid"])), str(int(found["label"]))
        if (there := self.people.get((trial, pid), half)) != half:
            return f"The person {pid} is in the {there} half of trial {trial} already; used there only."
        if (owner := self.labels.get((trial, half, label), pid)) != pid:
            return f"The label {label} means person {owner} in trial {trial}, not person {pid} as well."
        self.people[trial, pid] = half
        self.labels[trial, half, label] = pid
        return None
