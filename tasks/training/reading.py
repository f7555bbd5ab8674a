"""From a version folder to TrainingData: the train split's pictures, labels, captions and dialogues.

Only persons of the wanted split are read, and of these nobody who is linked to a tested one (`generators.links`), so
nothing of a held-out identity can reach the weights.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from generators.links import leaks
from schemas.errors import BadTable, WrongUse
from schemas.keys import file_sha256
from schemas.vocabulary import VOCABULARY
from tasks.training.data import UNLABELLED, Codes, Numbers, Pixels, Sample, TrainingData
from tasks.training.patches import HEIGHT, WIDTH
from tasks.versions.reader import VersionFolder
from tasks.versions.regions import Region, part_of, shown_name
from tasks.view import decode

_PEOPLE = ("image_id", "source", "split", "person_key", "clothes_key", "modality")
_ROWS = ("family", "subtask", "images", "turns", "answer")
_LEVELS = {"image": "image_id", "clothes": "clothes_key", "person": "person_key"}
INFRARED = ("near_infrared", "thermal")
MOST_KEPT = 20_000
"""The most pictures, of 24 kB each, that are kept decoded."""
# Attributes that differ from picture to picture of one outfit, or that nobody looks for in a crop of this size.
_LEFT_OUT = ("viewpoint", "modality", "image_quality", "occlusion", "action")


class Part(NamedTuple):
    """What a row shows: an image, and the region that is shown of it where that is not all."""

    image_id: str
    region: Region | None


class Shown:
    """The numbers of what rows show: images by their place, then parts of them in the order in which rows show them."""

    def __init__(self, image_ids: Iterable[str]) -> None:
        self.refs = [Part(name, None) for name in image_ids]
        self._place = {part.image_id: number for number, part in enumerate(self.refs)}

    def __contains__(self, image_id: str) -> bool:
        """Whether an image has a number."""
        return image_id in self._place

    def number(self, ref: Mapping[str, Any]) -> int:
        """The number of a row's reference to an image; a part that no row has shown yet gets the next one."""
        name = shown_name(ref)
        if name not in self._place:
            self._place[name] = len(self.refs)
            self.refs.append(Part(ref["image_id"], ref["region"]))
        return self._place[name]


@dataclass(slots=True)
class VersionPictures:
    """The pictures of a version by number, brought to the size of the tower; few enough to keep are decoded once.

    The numbers after those of `image_ids` are the `parts` of pictures, each cut before it is brought to size.
    """

    version: VersionFolder
    image_ids: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    _kept: Pixels = field(init=False)
    _known: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.image_ids) + len(self.parts)
        room = count if count <= MOST_KEPT else 0
        self._kept = np.empty((room, HEIGHT, WIDTH, 3), dtype=np.uint8)
        self._known = np.zeros(room, dtype=bool)

    def take(self, numbers: Sequence[int] | Numbers) -> Pixels:
        """The pictures of these numbers."""
        wanted = np.asarray(numbers, dtype=np.int64)
        if not len(self._known):
            return self._decoded(wanted)
        fresh = np.unique(wanted[~self._known[wanted]])
        if len(fresh):
            self._kept[fresh], self._known[fresh] = self._decoded(fresh), True
        return np.asarray(self._kept[wanted])

    def _decoded(self, numbers: Numbers) -> Pixels:
        refs = [self._ref(int(number)) for number in numbers]
        return to_size(self.version.image_bytes([ref.image_id for ref in refs]), [ref.region for ref in refs])

    def _ref(self, number: int) -> Part:
        whole = len(self.image_ids)
        return Part(self.image_ids[number], None) if number < whole else self.parts[number - whole]


def to_size(encoded: Sequence[bytes], regions: Sequence[Region | None] = ()) -> Pixels:
    """Decoded pictures, or the regions of them where there are any, all of HEIGHT by WIDTH."""
    found = np.empty((len(encoded), HEIGHT, WIDTH, 3), dtype=np.uint8)
    for place, data in enumerate(encoded):
        pixels = part_of(decode(data), regions[place] if regions else None)
        if pixels.shape[:2] != (HEIGHT, WIDTH):
            pixels = np.asarray(Image.fromarray(pixels).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
        found[place] = pixels
    return found


def version_digest(version: VersionFolder) -> str:
    """The identity of a published version: the sha256 of its manifest. Raises WrongUse when there is none."""
    path = version.folder / "manifest.json"
    if not path.is_file():
        raise WrongUse(
            f"The folder {str(version.folder)!r} has no manifest.json, so a checkpoint could not say what it learnt "
            "from: publish it and pull `name@1.2.0` first."
        )
    return file_sha256(path)


def read_split(version: VersionFolder, split: str, stages: Iterable[int] = (1, 2, 3), digest: str = "") -> TrainingData:
    """One split as plain values. Raises WrongUse when the version has no picture of a known person in it."""
    people = version.table("person_images", _PEOPLE)
    withheld = _withheld(version, people) if split != "test" else []
    people = people.filter(pc.and_(pc.equal(people["split"], split), pc.is_valid(people["person_key"])))
    people = people.filter(pc.invert(pc.is_in(people["person_key"], value_set=pa.array(withheld, pa.string()))))
    if not people.num_rows:
        raise WrongUse(f"The version {version.folder.name!r} has no picture of a person in its split {split!r}.")
    people = people.sort_by("image_id")
    ids = people["image_id"].to_pylist()
    place = {name: number for number, name in enumerate(ids)}
    shown, attributes = Shown(ids), _attributes(version, people)
    dialogues = {stage: read_samples(version, stage, split, shown) for stage in stages}
    parts = tuple(shown.refs[len(ids) :])
    return TrainingData(
        digest=digest,
        pictures=VersionPictures(version, tuple(ids), parts),
        parts=len(parts),
        source=_codes(people["source"].to_pylist()),
        person=_codes(people["person_key"].to_pylist()),
        outfit=_codes(list(zip(people["person_key"].to_pylist(), people["clothes_key"].to_pylist(), strict=True))),
        infrared=np.isin(people["modality"].to_numpy(zero_copy_only=False), INFRARED),
        attributes=attributes,
        values={key: VOCABULARY[key].values for key in attributes},
        captions=_captions(version, place),
        stages=dialogues,
    )


def _withheld(version: VersionFolder, people: pa.Table) -> list[str]:
    """Persons who share a cluster with a tested one, but for those whom the recipe of the version accepts."""
    links = version.table("identity_links", ("person_a", "person_b")).to_pydict()
    if not links["person_a"]:
        return []
    tested = pc.unique(people.filter(pc.equal(people["split"], "test"))["person_key"]).drop_null().to_pylist()
    accepted = version.manifest.recipe.get("link", {}).get("accept", [])
    found = leaks(zip(links["person_a"], links["person_b"], strict=True), tested, accepted)
    return sorted({person for person, _, reason in found if reason is None})


def _codes(names: Sequence[Any]) -> Codes:
    order = {name: code for code, name in enumerate(sorted(set(names), key=str))}
    return np.array([order[name] for name in names], dtype=np.int32)


def _captions(version: VersionFolder, place: dict[str, int]) -> list[tuple[int, str]]:
    table = version.table("captions", ("caption_id", "image_id", "text", "valid")).sort_by("caption_id")
    table = table.filter(table["valid"])
    rows = zip(table["image_id"].to_pylist(), table["text"].to_pylist(), strict=True)
    return [(place[name], text) for name, text in rows if name in place]


def _attributes(version: VersionFolder, people: pa.Table) -> dict[str, Codes]:
    """One code per picture for every key that has two values or more; what is said of a person holds for its pictures.

    What is said of a picture wins over its outfit, and its outfit over the person.
    """
    found: dict[str, Codes] = {}
    table = version.table("attributes", ("attribute_id", "level", *_LEVELS.values(), "key", "value"))
    table = table.sort_by("attribute_id")
    for level in ("person", "clothes", "image"):
        column = _LEVELS[level]
        subjects: dict[str, list[int]] = {}
        for number, subject in enumerate(people[column].to_pylist()):
            subjects.setdefault(subject, []).append(number)
        said = table.filter(pc.equal(table["level"], level))
        for subject, key, value in zip(*(said[name].to_pylist() for name in (column, "key", "value")), strict=True):
            if key not in _LEFT_OUT and value in VOCABULARY[key].values and subject in subjects:
                codes = found.setdefault(key, np.full(people.num_rows, UNLABELLED, dtype=np.int32))
                codes[subjects[subject]] = VOCABULARY[key].values.index(value)
    return {key: codes for key, codes in sorted(found.items()) if len(np.unique(codes[codes >= 0])) > 1}


def read_samples(version: VersionFolder, stage: int, split: str, shown: Shown) -> list[Sample]:
    """The dialogues of one stage and split with one question and one answer; `shown` numbers what they show."""
    rows = version.conversations(stage, split).select(_ROWS).to_pylist()
    return [_sample(row, shown) for row in rows if len(row["turns"]) == 2]


def _sample(row: dict[str, Any], shown: Shown) -> Sample:
    lost = [ref["image_id"] for ref in row["images"] if ref["image_id"] not in shown]
    if lost:
        raise BadTable(f"A {row['family']} row shows {lost[0]!r}, which is no picture of its split.")
    return Sample(
        family=row["family"],
        kind=row["answer"]["kind"],
        images=tuple(shown.number(ref) for ref in row["images"]),
        prompt=row["turns"][0]["text"],
        answer=row["answer"]["text"],
        subtask=row["subtask"],
        options=row["answer"]["n_options"],
    )
