"""CUHK03: five pairs of camera views; every image twice, in boxes drawn by hand (labeled) and by a detector (detected).

`images_labeled/1_003_2_08.png` is person 3 of pair 1 in view 2, image 8. Persons count from 1 in every pair, so a
person is (pair, person): `cuhk03:1_003` in both variants, which are told apart by the column `variant`. The images
come as PNG files, inside `cuhk-03.mat` (generators.cuhk03_cells), or as the redistribution CUHK03-NP with the folders
of Market-1501 (generators.cuhk03_np), whose numbers are kept apart (`cuhk03:np/0001`) unless the folders are complete,
for their counts then show which person each number is. The new protocol (767/700) is read from its two .mat
files; its cameras are the two views. The test sets of the older protocol come from `cuhk-03.mat`, wherever it lies.

The two variants do not test the same persons: a person who trains in one and is tested in the other keeps its place
in the protocols, but its training images go to no split, or mixing the variants would leak.

Source: Li et al., CVPR 2014; new protocol by Zhong et al., CVPR 2017.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generators.cuhk03_cells import CELLS_FILE, TEST_SETS, VARIANTS, unpack_cells
from generators.cuhk03_np import NP_NAME, NP_PARTS, numbered_by_protocol, person_of_number
from generators.cuhk03_splits import CONFIGS, Splits, read_splits
from generators.raw_names import bad_name, images_of, strict_json, unknown_folder
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_NAME = re.compile(
    r"(?:images_(?P<folder>labeled|detected)|(?:[^/]+/)?cuhk-03\.mat/(?P<cells>labeled|detected))"
    r"/(?P<name>(?P<pair>[1-5])_(?P<person>[0-9]{3})_(?P<view>[12])_(?P<index>0[1-9]|10)\.png)"
)
_FOLDERS = ("images_labeled", "images_detected", "labeled", "detected", "cuhk03-np", "cuhk03_release", CELLS_FILE)
_SPLITS = {"train": "train", "query": "test", "gallery": "test"}
_BOXES = {"labeled": "hand", "detected": "detector"}


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    splits: Splits = {}
    yield from read_splits(tree, splits)
    yield from _unread_cells(tree)
    repeated = [found for file in images_of(tree) if (found := NP_NAME.fullmatch(file.relpath))]
    known = numbered_by_protocol(repeated)
    tested = {_person_of(name) for (_, name), part in splits.items() if part != "train"}
    tested |= {_np_person(found, known) for found in repeated if NP_PARTS[found["folder"]] != "train"}
    for file in images_of(tree):
        if (found := _NAME.fullmatch(file.relpath)) and (found["view"] == "1") == (int(found["index"]) <= 5):
            variant = found["folder"] or found["cells"]
            part = splits.pop((variant, found["name"]), "unlisted")
            yield _row(file.relpath, found, variant, part, _person_of(found["name"]) in tested)
        elif found := NP_NAME.fullmatch(file.relpath):
            yield _np_row(file.relpath, found, known, _np_person(found, known) in tested)
        elif file.relpath.partition("/")[0] not in _FOLDERS:
            yield unknown_folder("cuhk03", file.relpath, _FOLDERS)
        else:
            yield bad_name(
                "cuhk03", file.relpath, "1_003_2_08.png, view 1 for 01 to 05 (or 0001_c1_1.png in CUHK03-NP)"
            )
    yield from _never_found(tree, splits)


def _person_of(name: str) -> str:
    return name[:5]


def _np_person(found: re.Match[str], known: bool) -> str:
    """The person of a picture of CUHK03-NP, as far as the number tells."""
    person = person_of_number(int(found["pid"])) if known else None
    return f"{person[0]}_{person[1]:03d}" if person else f"np/{found['pid']}"


def _unread_cells(tree: RawTree) -> Iterator[Reject]:
    """The refusal of a container that is still a file: its images could not be shown."""
    folders = {file.relpath.partition("/")[0] for file in tree.files()}
    for file in tree.files():
        if file.relpath.rpartition("/")[2] == CELLS_FILE and not folders >= {f"images_{name}" for name in VARIANTS}:
            detail = "It cannot be read as MATLAB v7.3 (HDF5) with five cells `labeled` and `detected`; fetch it again."
            yield Reject(table="images", source="cuhk03", subject=file.relpath, reason="damaged", detail=detail)


def _never_found(tree: RawTree, splits: Splits) -> Iterator[Reject]:
    """Images that a protocol lists and the folder lacks; a variant that is not there at all is not missed."""
    present = {variant for variant in VARIANTS for file in tree.files() if f"{variant}/" in file.relpath}
    for (variant, name), part in splits.items():
        if variant in present:
            detail = f"The {part} image {name!r} of the {variant} protocol is not there."
            yield Reject(
                table="person_images", source="cuhk03", subject=f"{CONFIGS[variant]} {name}",
                reason="missing_file", detail=detail,
            )  # fmt: skip


def _use(part: str, tested: bool) -> tuple[str, str, tuple[str, ...]]:
    """Split, role and warnings of an image of a part of the protocol."""
    if part == "train" and tested:
        return "none", "excluded", ("tested_in_other_variant",)
    split = _SPLITS.get(part, "none")
    return split, "excluded" if split == "none" else "normal", ()


def _row(relpath: str, found: re.Match[str], variant: str, part: str, tested: bool) -> PersonImage:
    pair, view = found["pair"], found["view"]
    pid, camera_key = f"{pair}_{found['person']}", f"cuhk03:p{pair}v{view}"
    split, role, warnings = _use(part, tested)
    return PersonImage(
        image_id=f"cuhk03/{relpath}",
        source="cuhk03",
        variant=variant,
        relpath=relpath,
        source_split=part,
        split=split,
        role_flag=role,
        pid_raw=pid,
        pid_scope=f"cuhk03:pair{pair}",
        person_key=f"cuhk03:{pid}",
        cam_raw=view,
        cam_key=camera_key,
        place_key=camera_key,
        cam_pair=int(pair),
        view=int(view),
        frame=int(found["index"]),
        box_source=_BOXES[variant],
        parse_warnings=warnings,
    )


def _np_row(relpath: str, found: re.Match[str], known: bool, tested: bool) -> PersonImage:
    variant, folder, pid, view, index = found.groups()
    split, role, warnings = _use(NP_PARTS[folder], tested)
    person = _np_person(found, known)
    pair = int(person[0]) if known else None
    camera_key = f"cuhk03:p{pair}v{view}" if pair else f"cuhk03:v{view}"
    return PersonImage(
        image_id=f"cuhk03/{relpath}",
        source="cuhk03",
        variant=variant,
        relpath=relpath,
        source_split=NP_PARTS[folder],
        split=split,
        role_flag=role,
        pid_raw=pid,
        pid_scope="cuhk03:np",
        person_key=f"cuhk03:{person}",
        cam_raw=f"c{view}",
        cam_key=camera_key,
        place_key=camera_key,
        cam_pair=pair,
        view=int(view),
        frame=int(index),
        box_source=_BOXES[variant],
        parse_warnings=warnings,
    )


def _lists(tree: RawTree) -> Mapping[str, Any]:
    """The test sets of the older protocol, as `cuhk-03.mat` has them: 20 lists of [pair, person]."""
    name = f"{CELLS_FILE}/{TEST_SETS}.json"
    found = [file.relpath for file in tree.files() if file.relpath.endswith(name)]
    sets = strict_json(tree.read(found[0]), found[0]) if found else None
    return {TEST_SETS: sets} if sets and all(len(pair) == 2 for one in sets for pair in one) else {}


SOURCE = Source(
    title="CUHK03",
    setting="standard",
    licence="cuhk03-research-only",
    access_status="request",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("cuhk03", "CUHK03", "cuhk03_release", "cuhk03-np", "CUHK03-NP"),
    folders=("images_labeled",),
    files=(CONFIGS["labeled"],),
    other_forms=(
        ("images_detected/", CONFIGS["detected"]),
        (f"cuhk03_release/{CELLS_FILE}", CONFIGS["labeled"]),
        (f"cuhk03_release/{CELLS_FILE}", CONFIGS["detected"]),
        (CELLS_FILE, CONFIGS["labeled"]),
        (CELLS_FILE, CONFIGS["detected"]),
        ("labeled/bounding_box_train/", "labeled/bounding_box_test/", "labeled/query/"),
        ("detected/bounding_box_train/", "detected/bounding_box_test/", "detected/query/"),
    ),
    variants={
        "labeled, PNG files": ("images_labeled/",),
        "detected, PNG files": ("images_detected/",),
        f"labeled and detected, {CELLS_FILE}": (CELLS_FILE,),
        f"labeled and detected, cuhk03_release/{CELLS_FILE}": (f"cuhk03_release/{CELLS_FILE}",),
        "CUHK03-NP labeled": ("labeled/bounding_box_train/",),
        "CUHK03-NP detected": ("detected/bounding_box_train/",),
    },
    optional=("labeled", "detected"),
    reported=(
        Reported(what="labeled", images=14_096, persons=1_467, tag="C"),
        Reported(what="labeled/train", images=7_368, persons=767, tag="C"),
        Reported(what="labeled/query", images=1_400, persons=700, tag="C"),
        Reported(what="labeled/gallery", images=5_328, persons=700, tag="C"),
        Reported(what="detected", images=14_097, persons=1_467, tag="C"),
        Reported(what="detected/train", images=7_365, persons=767, tag="C"),
        Reported(what="detected/query", images=1_400, persons=700, tag="C"),
        Reported(what="detected/gallery", images=5_332, persons=700, tag="C"),
    ),
    read=_read,
    unpack=unpack_cells,
    lists=_lists,
    examples={
        "images_labeled/1_003_2_08.png": {
            "person_key": "cuhk03:1_003", "pid_raw": "1_003", "pid_scope": "cuhk03:pair1", "variant": "labeled",
            "cam_pair": 1, "view": 2, "cam_raw": "2", "cam_key": "cuhk03:p1v2", "frame": 8, "box_source": "hand",
            "split": "none", "source_split": "unlisted", "role_flag": "excluded",
        },
        "cuhk03_release/cuhk-03.mat/detected/5_049_1_05.png": {
            "person_key": "cuhk03:5_049", "variant": "detected", "cam_key": "cuhk03:p5v1", "box_source": "detector",
        },
        "labeled/query/0843_c2_7.png": {
            "person_key": "cuhk03:np/0843", "pid_scope": "cuhk03:np", "cam_key": "cuhk03:v2", "split": "test",
            "source_split": "query", "variant": "labeled",
        },
        "cuhk03-np/detected/bounding_box_train/0001_c1_1.png": {
            "person_key": "cuhk03:np/0001", "split": "train", "variant": "detected", "view": 1, "cam_pair": None,
        },
    },
)  # fmt: skip
