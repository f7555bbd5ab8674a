"""Attribute rows resolved per image: one known value, or none, for each image and vocabulary key.

Labels come per image, per outfit or per person, from people or read out of captions. `resolve` settles what is known
of each image:

- a label wins over a value read from a human caption, which wins over what models agree on (`merged`), which wins over
  one model's or rule's answer (`mllm…`, `rule`);
- among equals the image wins over its outfit, which wins over its person;
- two different values of equal standing leave the key unknown: nothing is guessed; only keys that take several
  values (`carried_object`) hold all that one source says, joined by `|`;
- a person's clothing value reaches an image only when the person is known in one outfit at most;
- view, occlusion, action, carried objects, modality and quality belong to the image alone and are never inherited;
- an inherited value is not applied where the image is known to hide it (`viewpoint` back, `occlusion`), and one of
  the face not where nobody knows that the face is shown (no `viewpoint`);
- colours are unknown on images without colour (infrared, thermal, sketch).

>>> records = resolve(person_images, attributes)
>>> records.record(0)
{'gender_presentation': 'feminine', 'lower_type': 'skirt|dress', 'lower_color_primary': 'blue'}
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import BadTable
from schemas.vocabulary import NOT_VISIBLE, UNKNOWN, VOCABULARY, is_valid

Codes = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]

MISSING = -1
_CONFLICT = -2
MERGED = "merged"
COLOURLESS = ("near_infrared", "thermal", "sketch")
OF_THE_IMAGE = frozenset(("viewpoint", "occlusion", "action", "modality", "image_quality", "carried_object"))
_LEVELS = (("person", "person_key"), ("clothes", "clothes_key"), ("image", "image_id"))
_STANDINGS = (3, 2, 1, 0)
_KEYS = tuple(VOCABULARY)
COLUMNS = ["level", "image_id", "person_key", "clothes_key", "key", "value", "attribute_source", "visible"]
"""What `resolve` reads of attributes."""
_HIDDEN = {
    ("viewpoint", "back"): ("glasses", "facial_hair"),
    ("viewpoint", None): ("glasses", "facial_hair"),
    ("occlusion", "head"): ("glasses", "facial_hair", "hair_length", "hair_color", "headwear", "neckwear_mask"),
    ("occlusion", "torso"): tuple(key for key in _KEYS if key.startswith("upper_")),
    ("occlusion", "legs"): tuple(key for key in _KEYS if key.startswith(("lower_", "footwear_"))),
}


@dataclass(frozen=True, slots=True)
class Records:
    """What is known of each image, column by column.

    `values[key]` holds one int16 per image in the order of `image_ids`: MISSING (-1) where the value is unknown, else
    an index into `labels[key]`, which lists the vocabulary values in their order, then `not_visible`, then the
    alternatives met in the table (`skirt|dress`), sorted. Every vocabulary key is present. `infrared` marks images
    without colour.
    """

    image_ids: list[str]
    values: dict[str, Codes]
    labels: dict[str, tuple[str, ...]]
    infrared: Flags

    def texts(self, key: str) -> list[str | None]:
        """The vocabulary value of one key for every image; None where unknown."""
        labels = (*self.labels[key], None)
        return [labels[code] for code in self.values[key].tolist()]

    def record(self, row: int) -> dict[str, str]:
        """The known values of one image, in vocabulary order; hidden ones read `not_visible`."""
        codes = ((key, int(self.values[key][row])) for key in _KEYS)
        return {key: self.labels[key][code] for key, code in codes if code != MISSING}


def resolve(person_images: pa.Table, attributes: pa.Table) -> Records:
    """The record of every row of `person_images`, in its order.

    Both tables are as in schemas.tables; of the images `image_id`, `person_key`, `clothes_key` and `modality` are
    read. Raises BadTable for a key or value outside the vocabulary.
    """
    attributes = _together(attributes)
    labels = _labels(attributes)
    rows = _rows(attributes, labels)
    values = np.full((len(_KEYS), person_images.num_rows), MISSING, dtype=np.int16)
    inherited = np.zeros(values.shape, dtype=np.bool_)
    for standing in _STANDINGS:
        for level, column in _LEVELS:
            found = _of_level(person_images, attributes, rows, (standing, level, column))
            known = found != MISSING
            values[known] = found[known]
            inherited[known] = level != "image"
    values[values == _CONFLICT] = MISSING
    _hide(values, inherited, labels)
    infrared = _is_in(person_images["modality"], COLOURLESS)
    values[np.ix_(np.array([not VOCABULARY[key].in_infrared for key in _KEYS]), infrared)] = MISSING
    return Records(
        image_ids=person_images["image_id"].to_pylist(),
        values=dict(zip(_KEYS, values, strict=True)),
        labels=labels,
        infrared=infrared,
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    key: Codes
    value: Codes
    standing: npt.NDArray[np.int8]
    level: npt.NDArray[np.str_]


def _together(attributes: pa.Table) -> pa.Table:
    """The table with one row where a source lists several values of a key that takes several."""
    attributes = attributes.select(COLUMNS)
    several = pc.is_in(attributes["key"], value_set=pa.array([key for key in _KEYS if VOCABULARY[key].multi]))
    subject = [name for name in COLUMNS if name != "value"]
    grouped = attributes.filter(several).group_by(subject).aggregate([("value", "list")])
    joined = [_all_of(key, values) for key, values in zip(*grouped.select(["key", "value_list"]), strict=True)]
    merged = grouped.select(subject).append_column("value", pa.array(joined, pa.string())).select(COLUMNS)
    return pa.concat_tables([attributes.filter(pc.invert(several)), merged.cast(attributes.schema)])


def _all_of(key: pa.StringScalar, values: pa.ListScalar) -> str:
    """`box|umbrella`, in vocabulary order; a value that stands alone, or is not in the vocabulary, as it is."""
    order = VOCABULARY[key.as_py()].values
    parts = sorted({part for value in values.as_py() for part in value.split("|")} - {UNKNOWN})
    known = sorted((part for part in parts if part in order), key=order.index)
    strange = [part for part in parts if part not in order]
    return "|".join(strange or known) or UNKNOWN


def _labels(attributes: pa.Table) -> dict[str, tuple[str, ...]]:
    """Every value a key can have here; alternatives of the table come after the vocabulary's own."""
    pairs = attributes.select(["key", "value"]).group_by(["key", "value"]).aggregate([]).to_pylist()
    extra: dict[str, list[str]] = {key: [] for key in _KEYS}
    for pair in pairs:
        key, value = pair["key"], pair["value"]
        if not is_valid(key, value):
            raise BadTable(f"The attribute {key!r} cannot be {value!r}: see schemas/vocabulary.py for its values.")
        if "|" in value:
            extra[key].append(value)
    return {key: (*VOCABULARY[key].values, NOT_VISIBLE, *sorted(extra[key])) for key in _KEYS}


def _rows(attributes: pa.Table, labels: dict[str, tuple[str, ...]]) -> _Rows:
    """The attribute rows as codes; a value `unknown` becomes MISSING, one marked invisible `not_visible`."""
    keys = pc.index_in(attributes["key"], value_set=pa.array(_KEYS)).to_numpy().astype(np.int16)
    texts = attributes["value"].to_numpy()
    value = np.full(len(keys), MISSING, dtype=np.int16)
    for number, key in enumerate(_KEYS):
        mine = np.flatnonzero(keys == number)
        found = pc.index_in(pa.array(texts[mine], pa.string()), value_set=pa.array(labels[key]))
        value[mine] = pc.fill_null(found, MISSING).to_numpy().astype(np.int16)
    hidden = pc.equal(attributes["visible"], False).fill_null(False).to_numpy().astype(np.bool_)
    blank = np.array([labels[key].index(NOT_VISIBLE) for key in _KEYS], dtype=np.int16)
    value[hidden] = blank[keys[hidden]]
    value[_is_in(attributes["value"], (UNKNOWN,))] = MISSING
    return _Rows(keys, value, _standings(attributes["attribute_source"]), attributes["level"].to_numpy().astype(str))


def _standings(sources: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    """0 for labels and measurements, 1 for what captions say, 2 for what models agree on, 3 for what one model says."""
    model = pc.or_(pc.starts_with(sources, "mllm"), pc.equal(sources, "rule")).to_numpy().astype(np.int8)
    merged = pc.equal(sources, MERGED).to_numpy().astype(np.int8)
    caption = pc.equal(sources, "caption").to_numpy().astype(np.int8)
    return np.asarray(3 * model + 2 * merged + caption, dtype=np.int8)


def _of_level(
    images: pa.Table, attributes: pa.Table, rows: _Rows, which: tuple[int, str, str]
) -> npt.NDArray[np.int16]:
    """The values that one standing and level give each image: (keys, images), MISSING or _CONFLICT where none."""
    standing, level, column = which
    result = np.full((len(_KEYS), images.num_rows), MISSING, dtype=np.int16)
    mine = np.flatnonzero((rows.standing == standing) & (rows.level == level) & (rows.value != MISSING))
    if not len(mine):
        return result
    subjects = pc.unique(attributes[column].take(mine)).drop_null()
    table = _per_subject(attributes[column].take(mine), subjects, rows, mine)
    place = pc.fill_null(pc.index_in(images[column], value_set=subjects), -1).to_numpy()
    result = table[:, place]
    if level != "image":
        result[[_KEYS.index(key) for key in sorted(OF_THE_IMAGE)]] = MISSING
    if level == "person":
        clothing = np.array([not VOCABULARY[key].survives_clothes_change for key in _KEYS])
        result[np.ix_(clothing, _changes_clothes(images))] = MISSING
    return result


def _per_subject(named: pa.ChunkedArray, subjects: pa.Array, rows: _Rows, mine: npt.NDArray[np.intp]) -> Codes:
    """(keys, subjects + 1); the last column, which index -1 reaches, stays MISSING."""
    subject = pc.index_in(named, value_set=subjects)
    said = pc.is_valid(subject).to_numpy()
    at = (rows.key[mine][said], pc.drop_null(subject).to_numpy())
    shape = (len(_KEYS), len(subjects) + 1)
    highest = np.full(shape, MISSING, dtype=np.int16)
    lowest = np.full(shape, np.iinfo(np.int16).max, dtype=np.int16)
    np.maximum.at(highest, at, rows.value[mine][said])
    np.minimum.at(lowest, at, rows.value[mine][said])
    return np.where((highest == lowest) | (highest == MISSING), highest, np.int16(_CONFLICT)).astype(np.int16)


def _changes_clothes(images: pa.Table) -> Flags:
    """Images of persons who are known in more than one outfit."""
    outfits = images.select(["person_key", "clothes_key"]).group_by("person_key")
    counted = outfits.aggregate([("clothes_key", "count_distinct", pc.CountOptions(mode="only_valid"))])
    several = counted.filter(pc.greater(counted["clothes_key_count_distinct"], 1))["person_key"]
    return np.asarray(pc.is_in(images["person_key"], value_set=several.combine_chunks().drop_null()).to_numpy())


def _hide(values: Codes, inherited: Flags, labels: dict[str, tuple[str, ...]]) -> None:
    """Take away what is known of the person or outfit but cannot be seen here, in place."""
    for (cause, value), keys in _HIDDEN.items():
        told = values[_KEYS.index(cause)]
        hides = [code for code, label in enumerate(labels[cause]) if value in label.split("|")]
        where = told == MISSING if value is None else np.isin(told, hides)
        for key in keys:
            row = _KEYS.index(key)
            values[row, where & inherited[row]] = MISSING


def _is_in(column: pa.ChunkedArray, options: tuple[str, ...]) -> Flags:
    return np.asarray(pc.is_in(column, value_set=pa.array(options)).to_numpy())
