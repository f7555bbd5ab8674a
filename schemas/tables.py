"""Every published table: its Arrow schema, key and row order. The promise stands in data_contracts/<table>.odcs.yaml.

A column declared with `_required` is never null. Rows are sorted by `key` before they are written, so that a table is
a function of its content.
"""

from dataclasses import dataclass

import pyarrow as pa

FORMAT_VERSION = 1

ROLES = ("normal", "distractor", "junk", "invalid_id", "duplicate", "excluded")
SPLITS = ("train", "val", "test", "none")
IMAGE_ROLES = ("query", "query_extra", "gallery", "clothes_template", "sketch", "candidate")


@dataclass(frozen=True, slots=True)
class Table:
    """One published table: `key` names the columns that identify and sort its rows."""

    name: str
    grain: str
    schema: pa.Schema
    key: tuple[str, ...]
    rows_per_group: int = 65_536
    compression: str | dict[str, str] = "zstd"
    split_files: bool = False


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def _strings(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.string()) for name in names]


IMAGES = Table(
    "images",
    "stored raw image",
    pa.schema(
        [
            _required("image_id", pa.string()),
            _required("source", pa.string()),
            _required("image", pa.struct([_required("bytes", pa.binary()), _required("path", pa.string())])),
            _required("sha256", pa.string()),
            _required("n_bytes", pa.int32()),
            _required("width", pa.int32()),
            _required("height", pa.int32()),
            _required("format", pa.string()),
            _required("phash", pa.uint64()),
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
            _required("image_id", pa.string()),
            _required("source", pa.string()),
            pa.field("variant", pa.string()),
            _required("relpath", pa.string()),
            _required("source_split", pa.string()),
            _required("split", pa.string()),
            _required("pid_raw", pa.string()),
            *_strings("pid_scope", "person_key"),
            pa.field("label_train", pa.int32()),
            _required("role_flag", pa.string()),
            *_strings("cam_raw", "cam_key", "place_key"),
            pa.field("cam_pair", pa.int8()),
            pa.field("view", pa.int8()),
            _required("modality", pa.string()),
            *_strings("clothes_raw", "clothes_key"),
            pa.field("sequence", pa.int32()),
            pa.field("tracklet", pa.string()),
            pa.field("frame", pa.int32()),
            pa.field("box_index", pa.int32()),
            *_strings("timeslot", "capture_date", "box_source", "body_view", "overlap_source", "overlap_key"),
            _required("license_id", pa.string()),
            _required("access_status", pa.string()),
            _required("release_allowed", pa.bool_()),
            _required("parse_warnings", pa.list_(pa.string())),
            _required("reader_version", pa.string()),
        ]
    ),
    key=("image_id",),
)

CAPTIONS = Table(
    "captions",
    "text about an image",
    pa.schema(
        [
            _required("caption_id", pa.string()),
            _required("image_id", pa.string()),
            pa.field("person_key", pa.string()),
            _required("caption_index", pa.int32()),
            _required("text_raw", pa.string()),
            _required("text", pa.string()),
            _required("n_words", pa.int32()),
            pa.field("processed_tokens", pa.list_(pa.string())),
            _required("caption_source", pa.string()),
            *_strings("style", "model", "generation_key"),
            _required("language", pa.string()),
            _required("valid", pa.bool_()),
            _required("flags", pa.list_(pa.string())),
        ]
    ),
    key=("caption_id",),
)

ATTRIBUTES = Table(
    "attributes",
    "attribute value of an image, an outfit or an identity",
    pa.schema(
        [
            _required("attribute_id", pa.string()),
            _required("level", pa.string()),
            *_strings("image_id", "person_key", "clothes_key"),
            _required("key", pa.string()),
            _required("value", pa.string()),
            _required("attribute_source", pa.string()),
            pa.field("visible", pa.bool_()),
            pa.field("confidence", pa.float32()),
        ]
    ),
    key=("attribute_id",),
)

STATEMENTS = Table(
    "statements",
    "one-fact sentence, difference or question",
    pa.schema(
        [
            _required("statement_id", pa.string()),
            _required("image_id", pa.string()),
            *_strings("other_image_id", "caption_id"),
            _required("kind", pa.string()),
            _required("role", pa.string()),
            _required("place", pa.int16()),
            _required("text", pa.string()),
            *_strings("answer", "key", "value"),
            _required("statement_source", pa.string()),
            _required("style", pa.string()),
            _required("model", pa.string()),
            _required("generation_key", pa.string()),
        ]
    ),
    key=("statement_id",),
)

TEXT_SCORES = Table(
    "text_scores",
    "measured score of a made caption",
    pa.schema(
        [
            _required("caption_id", pa.string()),
            _required("measure", pa.string()),
            _required("score", pa.float32()),
        ]
    ),
    key=("caption_id", "measure"),
)

IDENTITY_LINKS = Table(
    "identity_links",
    "pair of person keys known or suspected to be one person",
    pa.schema(
        [
            _required("person_a", pa.string()),
            _required("person_b", pa.string()),
            _required("reason", pa.string()),
            _required("evidence_a", pa.string()),
            _required("evidence_b", pa.string()),
            pa.field("distance", pa.int16()),
            _required("cluster", pa.string()),
        ]
    ),
    key=("person_a", "person_b", "reason"),
)

NEIGHBOURS = Table(
    "neighbours",
    "pair of anchor and candidate",
    pa.schema(
        [
            _required("anchor_id", pa.string()),
            _required("rank", pa.int16()),
            _required("candidate_id", pa.string()),
            _required("distance", pa.float32()),
            _required("same_camera", pa.bool_()),
            _required("miner", pa.string()),
        ]
    ),
    key=("anchor_id", "rank"),
)

_REGION = pa.struct([pa.field(n, pa.float32()) for n in ("x", "y", "w", "h")])
_IMAGE_REF = pa.struct(
    [
        _required("image_id", pa.string()),
        _required("role", pa.string()),
        _required("source", pa.string()),
        *_strings("person_key", "cam_key", "clothes_key"),
        _required("modality", pa.string()),
        pa.field("frame", pa.int32()),
        _required("width", pa.int32()),
        _required("height", pa.int32()),
        pa.field("region", _REGION),
    ]
)
_TEXT_REF = pa.struct([_required(n, pa.string()) for n in ("text_id", "role", "source", "text", "lang")])
_TURN = pa.struct([_required("role", pa.string()), _required("text", pa.string())])
_ANSWER = pa.struct(
    [
        _required("kind", pa.string()),
        _required("text", pa.string()),
        pa.field("gold_bool", pa.bool_()),
        pa.field("gold_index", pa.int16()),
        pa.field("gold_set", pa.list_(pa.int16())),
        pa.field("gold_rank", pa.list_(pa.int16())),
        pa.field("gold_json", pa.string()),
        pa.field("n_options", pa.int16()),
    ]
)
_NEGATIVE = pa.struct(
    [
        _required("ref", pa.string()),
        _required("strategy", pa.string()),
        pa.field("rank", pa.int16()),
        pa.field("score", pa.float32()),
        pa.field("miner", pa.string()),
    ]
)
_EVIDENCE = pa.struct([_required(n, pa.string()) for n in ("attr", "value_a", "value_b", "verdict")])

CONVERSATIONS = Table(
    "conversations",
    "instruction sample",
    pa.schema(
        [
            _required("sample_id", pa.string()),
            _required("stage", pa.int8()),
            _required("family", pa.string()),
            _required("subtask", pa.string()),
            _required("split", pa.string()),
            _required("images", pa.list_(_IMAGE_REF)),
            _required("texts", pa.list_(_TEXT_REF)),
            _required("turns", pa.list_(_TURN)),
            _required("answer", _ANSWER),
            _required("negatives", pa.list_(_NEGATIVE)),
            pa.field(
                "rationale", pa.struct([pa.field("text", pa.string()), pa.field("evidence", pa.list_(_EVIDENCE))])
            ),
            _required(
                "template",
                pa.struct(
                    [
                        _required("id", pa.string()),
                        _required("version", pa.int16()),
                        _required("paraphrase_no", pa.int16()),
                        _required("seed", pa.uint64()),
                    ]
                ),
            ),
            pa.field(
                "generator",
                pa.struct(
                    [
                        *_strings("kind", "model", "revision", "prompt_sha"),
                        pa.field("temperature", pa.float32()),
                        pa.field("top_p", pa.float32()),
                        pa.field("max_tokens", pa.int32()),
                        pa.field("seed", pa.int64()),
                    ]
                ),
            ),
            _required(
                "quality",
                pa.struct(
                    [
                        pa.field("clip_sim", pa.float32()),
                        pa.field("attr_f1", pa.float32()),
                        pa.field("self_consistency", pa.float32()),
                        _required("n_words", pa.int32()),
                        _required("flags", pa.list_(pa.string())),
                    ]
                ),
            ),
            _required(
                "pixel_budget",
                pa.struct([_required("min_pixels", pa.int32()), _required("max_pixels", pa.int32())]),
            ),
            _required("licence", pa.list_(pa.string())),
            _required("leak_block", pa.list_(pa.string())),
        ]
    ),
    key=("sample_id",),
    split_files=True,
)

PROTOCOLS = Table(
    "protocols",
    "benchmark protocol",
    pa.schema(
        [
            _required("protocol_id", pa.string()),
            _required("protocol", pa.string()),
            _required("source", pa.string()),
            _required("title", pa.string()),
            _required("setting", pa.string()),
            _required("junk_rule", pa.string()),
            _required("cmc_variant", pa.string()),
            _required("ap_variant", pa.string()),
            pa.field("ap_topk", pa.int32()),
            _required("tie_policy", pa.string()),
            _required("n_trials", pa.int32()),
            pa.field("sampler", pa.string()),
            pa.field("seed", pa.int64()),
            _required("n_query", pa.int32()),
            _required("n_gallery", pa.int32()),
            pa.field("expected_query", pa.int32()),
            pa.field("expected_gallery", pa.int32()),
        ]
    ),
    key=("protocol_id",),
)

PROTOCOL_MEMBERS = Table(
    "protocol_members",
    "member of a benchmark protocol",
    pa.schema(
        [
            _required("protocol_id", pa.string()),
            _required("trial", pa.int16()),
            _required("role", pa.string()),
            _required("position", pa.int32()),
            _required("member_kind", pa.string()),
            _required("member_ids", pa.list_(pa.string())),
        ]
    ),
    key=("protocol_id", "trial", "role", "position"),
)

REJECTS = Table(
    "rejects",
    "refused thing",
    pa.schema(
        [
            _required("reject_id", pa.string()),
            _required("table", pa.string()),
            _required("source", pa.string()),
            _required("subject", pa.string()),
            _required("reason", pa.string()),
            _required("detail", pa.string()),
            pa.field("payload_sha256", pa.string()),
        ]
    ),
    key=("reject_id",),
)

RESULTS = Table(
    "results",
    "metric of one run",
    pa.schema(
        [
            _required("run_id", pa.string()),
            _required("protocol_id", pa.string()),
            _required("scorer", pa.string()),
            _required("metric", pa.string()),
            _required("value", pa.float64()),
            pa.field("ci_low", pa.float64()),
            pa.field("ci_high", pa.float64()),
            pa.field("chance", pa.float64()),
            _required("n_query", pa.int32()),
            _required("n_valid_query", pa.int32()),
            _required("n_gallery", pa.int32()),
            _required("ap_variant", pa.string()),
            _required("tie_policy", pa.string()),
            _required("version_digest", pa.string()),
        ]
    ),
    key=("run_id", "protocol_id", "scorer", "metric"),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        IMAGES,
        PERSON_IMAGES,
        CAPTIONS,
        ATTRIBUTES,
        STATEMENTS,
        TEXT_SCORES,
        IDENTITY_LINKS,
        NEIGHBOURS,
        CONVERSATIONS,
        PROTOCOLS,
        PROTOCOL_MEMBERS,
        REJECTS,
        RESULTS,
    )
}
