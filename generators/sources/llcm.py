"""LLCM: nine campus cameras that each see in visible light by day and in infrared by night.

`nir/0001/0001_c01_s185535_f7010_nir.jpg` is training person 1 at camera 1; test images stand one folder deeper, as in
`test_vis/cam3/0042/...`. There the folder names the camera, because copies of an image under the folders of several
cameras have been met in circulation: of images with equal bytes, the one whose name agrees with its folder is used
and the others are flagged as duplicates. The lists in `idx/` say which training images belong and who is tested.

Source: Zhang and Wang, CVPR 2023.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from generators.duplicates import copies
from generators.list_files import bad_line, bad_list, list_lines
from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.errors import BadTable
from schemas.rows import PersonImage, Reject
from schemas.source import RawFile, RawTree, Reported, Source

_PATH = re.compile(
    r"(?P<folder>(?P<set>vis|nir)|(?:test_)(?P<testset>vis|nir)/cam(?P<camfolder>[1-9]))/(?P<pid>[0-9]{4})"
    r"/(?P=pid)_c(?P<cam>[0-9]{2})_s(?P<seq>[0-9]{1,9})_f(?P<frame>[0-9]{1,9})_(?P<mod>vis|nir)\.jpg"
)
_FOLDERS = ("vis", "nir", "test_vis", "test_nir")
_MODALITIES = {"vis": "rgb", "nir": "near_infrared"}
_TRAIN_LISTS = {"vis": "idx/train_vis.txt", "nir": "idx/train_nir.txt"}
_TEST_PERSONS = "idx/test_id.txt"
_LINE = re.compile(r"(?P<path>(?:vis|nir)/[0-9]{4}/[^\s/]+) (?P<label>[0-9]{1,6})")


@dataclass(slots=True)
class _Lists:
    """What `idx/` says; a list that is not there leaves the decision to the folders."""

    train: dict[str, str] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    tested: set[int] = field(default_factory=set)

    def read(self, tree: RawTree) -> Iterator[Reject]:
        self.present = {file.relpath for file in tree.files() if file.relpath.startswith("idx/")}
        for relpath in _TRAIN_LISTS.values():
            if relpath in self.present:
                yield from self._read_train(tree, relpath)
        if _TEST_PERSONS in self.present:
            yield from self._read_tested(tree)

    def _read_train(self, tree: RawTree, relpath: str) -> Iterator[Reject]:
        try:
            for number, line in list_lines(tree, relpath):
                if (found := _LINE.fullmatch(line)) is None:
                    detail = f"{line[:80]!r} is not a path and a label, such as 'nir/0001/….jpg 0'."
                    yield bad_line("llcm", relpath, number, "bad_record", detail)
                else:
                    self.train.setdefault(found["path"], f"{relpath} line {number}")
        except BadTable as error:
            yield bad_list("llcm", relpath, error)

    def _read_tested(self, tree: RawTree) -> Iterator[Reject]:
        try:
            words = [(number, word) for number, line in list_lines(tree, _TEST_PERSONS) for word in _words(line)]
        except BadTable as error:
            yield bad_list("llcm", _TEST_PERSONS, error)
            return
        for number, word in words:
            if word.isdigit() and len(word) <= 6:
                self.tested.add(int(word))
            else:
                yield bad_line("llcm", _TEST_PERSONS, number, "bad_person", f"{word[:40]!r} is no person's number.")

    def place(self, relpath: str, found: re.Match[str]) -> tuple[str, str, str]:
        """(source split, split, role) of an image; a training image is crossed off its list."""
        person = int(found["pid"])
        if found["testset"]:
            known = _TEST_PERSONS not in self.present or person in self.tested
            return ("test", "test", "normal") if known else ("test", "none", "invalid_id")
        listed = self.train.pop(relpath, None) is not None or _TRAIN_LISTS[found["set"]] not in self.present
        if person in self.tested or not listed:
            return ("train" if listed else "unlisted"), "none", "excluded"
        return "train", "train", "normal"


def _words(line: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", line) if word]


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    lists = _Lists()
    yield from lists.read(tree)
    named: list[tuple[RawFile, re.Match[str]]] = []
    for file in images_of(tree):
        found = _PATH.fullmatch(file.relpath)
        if not file.relpath.startswith(tuple(f"{folder}/" for folder in _FOLDERS)):
            yield unknown_folder("llcm", file.relpath, _FOLDERS)
        elif found is None:
            yield bad_name("llcm", file.relpath, "nir/0001/0001_c01_s185535_f7010_nir.jpg or test_nir/cam1/0001/…")
        else:
            named.append((file, found))
    twins = _copies(tree, named)
    for file, found in named:
        yield _row(file.relpath, found, lists.place(file.relpath, found), file.relpath in twins)
    yield from _disagreements(named, lists)


def _copies(tree: RawTree, named: list[tuple[RawFile, re.Match[str]]]) -> set[str]:
    """The test images that repeat another one of the same person and modality, byte for byte."""
    groups: dict[tuple[str, str], list[RawFile]] = {}
    misplaced: set[str] = set()
    for file, found in named:
        if found["testset"]:
            groups.setdefault((found["testset"], found["pid"]), []).append(file)
            if int(found["cam"]) != int(found["camfolder"]):
                misplaced.add(file.relpath)
    return {name for files in groups.values() for name in copies(tree, files, misplaced)}


def _row(relpath: str, found: re.Match[str], place: tuple[str, str, str], repeats: bool) -> PersonImage:
    source_split, split, role = place
    if repeats and role == "normal":
        split, role = "none", "duplicate"
    kind = found["set"] or found["testset"]
    camera = int(found["camfolder"] or found["cam"])
    camera_key = f"llcm:c{camera}"
    odd = {"name_of_another_camera": camera != int(found["cam"]), "name_of_another_modality": kind != found["mod"]}
    return PersonImage(
        image_id=f"llcm/{relpath}",
        source="llcm",
        relpath=relpath,
        source_split=source_split,
        split=split,
        role_flag=role,
        pid_raw=found["pid"],
        person_key=f"llcm:{found['pid']}",
        cam_raw=f"cam{camera}",
        cam_key=camera_key,
        place_key=camera_key,
        modality=_MODALITIES[kind],
        sequence=int(found["seq"]),
        frame=int(found["frame"]),
        parse_warnings=tuple(warning for warning, holds in odd.items() if holds),
    )


def _disagreements(named: list[tuple[RawFile, re.Match[str]]], lists: _Lists) -> Iterator[Reject]:
    """Persons who train and are tested, and listed training images that are not there."""
    trains = {found["pid"] for _, found in named if found["set"]}
    for pid in sorted(pid for pid in trains if int(pid) in lists.tested):
        detail = (
            f"The person {pid} has training images and stands in {_TEST_PERSONS}; the training images are not used."
        )
        yield _refusal(f"llcm:{pid}", "contradiction", detail)
    for relpath, line in lists.train.items():
        yield _refusal(line, "missing_file", f"The image {relpath!r} is listed, but it is not there under a good name.")


def _refusal(subject: str, reason: str, detail: str) -> Reject:
    return Reject(table="person_images", source="llcm", subject=subject, reason=reason, detail=detail)


SOURCE = Source(
    title="LLCM",
    setting="visible-infrared",
    licence="llcm-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb", "near_infrared"),
    root_names=("LLCM", "llcm"),
    folders=_FOLDERS,
    files=(*_TRAIN_LISTS.values(), _TEST_PERSONS),
    reported=(
        Reported(what="train/rgb", images=16_946, persons=713, tag="V"),
        Reported(what="train/near_infrared", images=13_975, persons=713, tag="V"),
        Reported(what="test/rgb", images=8_680, persons=351, tag="V"),
        Reported(what="test/near_infrared", images=7_166, persons=351, tag="V"),
        Reported(what="all", images=46_767, persons=1_064, tag="V"),
    ),
    read=_read,
    examples={
        "nir/0001/0001_c01_s185535_f7010_nir.jpg": {
            "person_key": "llcm:0001", "cam_raw": "cam1", "cam_key": "llcm:c1", "modality": "near_infrared",
            "sequence": 185535, "frame": 7010, "source_split": "train", "split": "train", "parse_warnings": (),
        },
        "test_vis/cam3/0042/0042_c03_s1_f22_vis.jpg": {
            "person_key": "llcm:0042", "cam_key": "llcm:c3", "modality": "rgb", "split": "test", "role_flag": "normal",
        },
        "test_nir/cam9/0042/0042_c08_s1_f22_nir.jpg": {
            "cam_key": "llcm:c9", "parse_warnings": ("name_of_another_camera",),
        },
    },
)  # fmt: skip
