"""Rows in flight: tuples with names that sources yield and steps turn, many at a time, into columns.

Unknown is None, never 0. Keys are namespaced strings: person `market1501:0002`, camera `market1501:c1`,
clothes `ltcc:001/2`. Image ids are `<source>/<path relative to the dataset root>` with forward slashes.
"""

from typing import NamedTuple


class PersonImage(NamedTuple):
    """One stored person crop; the grain of `person_images`.

    `source_split` is the folder or list the dataset put the image in; `split` is what it may be used for:
    train, val, test, or none (junk, distractors and persons of no split are never asked about).
    """

    image_id: str
    source: str
    relpath: str
    source_split: str
    split: str
    pid_raw: str
    modality: str = "rgb"
    role_flag: str = "normal"
    person_key: str | None = None
    cam_raw: str | None = None
    cam_key: str | None = None
    place_key: str | None = None
    clothes_raw: str | None = None
    clothes_key: str | None = None
    variant: str | None = None
    pid_scope: str | None = None
    cam_pair: int | None = None
    view: int | None = None
    sequence: int | None = None
    tracklet: str | None = None
    frame: int | None = None
    box_index: int | None = None
    timeslot: str | None = None
    capture_date: str | None = None
    box_source: str | None = None
    body_view: str | None = None
    overlap_source: str | None = None
    overlap_key: str | None = None
    parse_warnings: tuple[str, ...] = ()


class Caption(NamedTuple):
    """One text about one image; `text_raw` is kept as found, `text` is normalised."""

    caption_id: str
    image_id: str
    person_key: str | None
    caption_index: int
    text_raw: str
    text: str
    caption_source: str = "human"
    style: str | None = None
    model: str | None = None
    generation_key: str | None = None
    language: str = "en"
    processed_tokens: tuple[str, ...] | None = None
    valid: bool = True
    flags: tuple[str, ...] = ()


class Attribute(NamedTuple):
    """One value of the closed vocabulary about an image, an outfit of a person, or a person.

    `level` says which of the three keys is the subject; `value` may list alternatives joined by `|`
    (`dress|skirt`); `visible` and `confidence` are None when nobody said.
    """

    level: str
    key: str
    value: str
    attribute_source: str
    image_id: str | None = None
    person_key: str | None = None
    clothes_key: str | None = None
    visible: bool | None = None
    confidence: float | None = None


class Reject(NamedTuple):
    """One refused thing: where it was meant to go, what it is, why, and the digest of its payload if it had one."""

    table: str
    source: str
    subject: str
    reason: str
    detail: str
    payload_sha256: str | None = None
