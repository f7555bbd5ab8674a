"""RegDB: 412 persons, ten visible-light and ten thermal images each, and ten ways to halve them.

`Visible/285/male_back_v_05528_285.bmp` is person 285, a man seen from behind. Each of ten trials trains one model on
half of the persons and tests it on the others; `idx/train_visible_1.txt` lists images with a label that is renumbered
in every list and never identifies anybody: the folder does. `variant` keeps the halves of all trials
(`train:1,3;test:2,4,...`, see generators.regdb_trials); `split` is that of trial 1, because a person who is tested in
a trial must not train its model.

Source: Nguyen et al., Sensors 2017; lists of the evaluation code by Ye et al.
"""

import re
from collections.abc import Iterator, Mapping

from generators.raw_names import bad_name, images_of, unknown_folder
from generators.regdb_trials import Lists, list_name, variant_of
from schemas.rows import Attribute, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_PATH = re.compile(
    r"(?P<kind>Visible|Thermal)/(?P<pid>[0-9]{1,6})/(?P<gender>female|male)_(?P<view>front|back)_(?P<letter>[vt])"
    r"_(?P<frame>[0-9]{1,9})_(?P=pid)\.bmp"
)
_FOLDERS = {"Visible": ("v", "rgb"), "Thermal": ("t", "thermal")}
_GENDERS = {"male": "masculine", "female": "feminine"}
_TRIAL = 1


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    lists = Lists()
    yield from lists.read(tree)
    for file in images_of(tree):
        found = _parts(file.relpath)
        if file.relpath.partition("/")[0] not in _FOLDERS:
            yield unknown_folder("regdb", file.relpath, _FOLDERS)
        elif found is None:
            yield bad_name("regdb", file.relpath, "Visible/285/male_back_v_05528_285.bmp")
        else:
            yield _row(file.relpath, found, lists.halves.pop(file.relpath, {}))
    for relpath in lists.halves:
        detail = f"The image {relpath!r} is listed, but it is not there under a good name."
        yield _refusal("person_images", lists.lines[relpath], "missing_file", detail)


def _parts(relpath: str) -> re.Match[str] | None:
    found = _PATH.fullmatch(relpath)
    return found if found and _FOLDERS[found["kind"]][0] == found["letter"] else None


def _person(found: re.Match[str]) -> str:
    return f"regdb:{int(found['pid']):03d}"


def _row(relpath: str, found: re.Match[str], halves: Mapping[int, str]) -> PersonImage:
    half = halves.get(_TRIAL)
    camera_key = f"regdb:{found['kind'].lower()}"
    return PersonImage(
        image_id=f"regdb/{relpath}",
        source="regdb",
        variant=variant_of(halves),
        relpath=relpath,
        source_split=half or "unlisted",
        split=half or "none",
        role_flag="normal" if half else "excluded",
        pid_raw=found["pid"],
        person_key=_person(found),
        cam_raw=found["kind"],
        cam_key=camera_key,
        place_key=camera_key,
        modality=_FOLDERS[found["kind"]][1],
        frame=int(found["frame"]),
        body_view=found["view"],
    )


def _attributes(tree: RawTree) -> Iterator[Attribute | Reject]:
    """Gender of every person and view of every image; nobody has the gender that his own images dispute."""
    genders: dict[str, set[str]] = {}
    for file in images_of(tree):
        if (found := _parts(file.relpath)) is not None:
            genders.setdefault(_person(found), set()).add(_GENDERS[found["gender"]])
            yield Attribute(
                level="image",
                key="viewpoint",
                value=found["view"],
                attribute_source="regdb_names",
                image_id=f"regdb/{file.relpath}",
            )
    for person, said in sorted(genders.items()):
        if len(said) > 1:
            yield _refusal("attributes", person, "contradiction", "Its images are named male and female.")
        else:
            yield Attribute(
                level="person",
                key="gender_presentation",
                value=said.pop(),
                attribute_source="regdb_names",
                person_key=person,
            )


def _refusal(table: str, subject: str, reason: str, detail: str) -> Reject:
    return Reject(table=table, source="regdb", subject=subject, reason=reason, detail=detail)


SOURCE = Source(
    title="RegDB",
    setting="visible-infrared",
    licence="regdb-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb", "thermal"),
    root_names=("RegDB", "regdb"),
    folders=("Visible", "Thermal"),
    files=tuple(list_name(half, kind, _TRIAL) for half in ("train", "test") for kind in ("visible", "thermal")),
    reported=(
        Reported(what="all", images=8_240, persons=412, tag="M"),
        Reported(what="train/rgb", images=2_060, persons=206, tag="V"),
        Reported(what="train/thermal", images=2_060, persons=206, tag="V"),
        Reported(what="test/rgb", images=2_060, persons=206, tag="V"),
        Reported(what="test/thermal", images=2_060, persons=206, tag="V"),
    ),
    read=_read,
    attributes=_attributes,
    examples={
        "Visible/285/male_back_v_05528_285.bmp": {
            "person_key": "regdb:285", "cam_raw": "Visible", "cam_key": "regdb:visible", "modality": "rgb",
            "frame": 5528, "body_view": "back", "variant": None, "split": "none", "role_flag": "excluded",
        },
        "Thermal/7/female_front_t_00012_7.bmp": {
            "person_key": "regdb:007", "pid_raw": "7", "cam_key": "regdb:thermal", "modality": "thermal",
            "body_view": "front",
        },
    },
)  # fmt: skip
