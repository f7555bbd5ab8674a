"""Stored pictures, and who is seen on them where."""

import pyarrow as pa

from schemas.tables.table import Table, required, strings

IMAGES = Table(
    "images",
    "stored raw image",
    pa.schema(
        [
            required("image_id", pa.string()),
            required("source", pa.string()),
            required("image", pa.struct([required("bytes", pa.binary()), required("path", pa.string())])),
            required("sha256", pa.string()),
            required("n_bytes", pa.int32()),
            required("width", pa.int32()),
            required("height", pa.int32()),
            required("format", pa.string()),
            required("phash", pa.uint64()),
            pa.field("decode_note", pa.string()),
        ]
    ),
    key=("image_id",),
    rows_per_group=1_000,
    compression={"image.bytes": "none"},
)

PERSON_IMAGES = Table(
    "person_images",
    "person image",
    pa.schema(
        [
            required("image_id", pa.string()),
            required("source", pa.string()),
            pa.field("variant", pa.string()),
            required("relpath", pa.string()),
            required("source_split", pa.string()),
            required("split", pa.string()),
            required("pid_raw", pa.string()),
            *strings("pid_scope", "person_key"),
            pa.field("label_train", pa.int32()),
            required("role_flag", pa.string()),
            *strings("cam_raw", "cam_key", "place_key"),
            pa.field("cam_pair", pa.int8()),
            pa.field("view", pa.int8()),
            required("modality", pa.string()),
            *strings("clothes_raw", "clothes_key"),
            pa.field("sequence", pa.int32()),
            pa.field("tracklet", pa.string()),
            pa.field("frame", pa.int32()),
            pa.field("box_index", pa.int32()),
            *strings("timeslot", "capture_date", "box_source", "body_view", "overlap_source", "overlap_key"),
            required("license_id", pa.string()),
            required("access_status", pa.string()),
            required("release_allowed", pa.bool_()),
            required("parse_warnings", pa.list_(pa.string())),
            required("reader_version", pa.string()),
        ]
    ),
    key=("image_id",),
)
