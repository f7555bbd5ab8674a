"""Instruction samples of all three stages."""

import pyarrow as pa

from schemas.tables.table import Table, required, strings

_REGION = pa.struct([pa.field(n, pa.float32()) for n in ("x", "y", "w", "h")])
_IMAGE_REF = pa.struct(
    [
        required("image_id", pa.string()),
        required("role", pa.string()),
        required("source", pa.string()),
        *strings("person_key", "cam_key", "clothes_key"),
        required("modality", pa.string()),
        pa.field("frame", pa.int32()),
        required("width", pa.int32()),
        required("height", pa.int32()),
        pa.field("region", _REGION),
    ]
)
_TEXT_REF = pa.struct([required(n, pa.string()) for n in ("text_id", "role", "source", "text", "lang")])
_TURN = pa.struct([required("role", pa.string()), required("text", pa.string())])
_ANSWER = pa.struct(
    [
        required("kind", pa.string()),
        required("text", pa.string()),
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
        required("ref", pa.string()),
        required("strategy", pa.string()),
        pa.field("rank", pa.int16()),
        pa.field("score", pa.float32()),
        pa.field("miner", pa.string()),
    ]
)
_EVIDENCE = pa.struct([required(n, pa.string()) for n in ("attr", "value_a", "value_b", "verdict")])

CONVERSATIONS = Table(
    "conversations",
    "instruction sample",
    pa.schema(
        [
            required("sample_id", pa.string()),
            required("stage", pa.int8()),
            required("family", pa.string()),
            required("subtask", pa.string()),
            required("split", pa.string()),
            required("images", pa.list_(_IMAGE_REF)),
            required("texts", pa.list_(_TEXT_REF)),
            required("turns", pa.list_(_TURN)),
            required("answer", _ANSWER),
            required("negatives", pa.list_(_NEGATIVE)),
            pa.field(
                "rationale", pa.struct([pa.field("text", pa.string()), pa.field("evidence", pa.list_(_EVIDENCE))])
            ),
            required(
                "template",
                pa.struct(
                    [
                        required("id", pa.string()),
                        required("version", pa.int16()),
                        required("paraphrase_no", pa.int16()),
                        required("seed", pa.uint64()),
                    ]
                ),
            ),
            pa.field(
                "generator",
                pa.struct(
                    [
                        *strings("kind", "model", "revision", "prompt_sha"),
                        pa.field("temperature", pa.float32()),
                        pa.field("top_p", pa.float32()),
                        pa.field("max_tokens", pa.int32()),
                        pa.field("seed", pa.int64()),
                    ]
                ),
            ),
            required(
                "quality",
                pa.struct(
                    [
                        pa.field("clip_sim", pa.float32()),
                        pa.field("attr_f1", pa.float32()),
                        pa.field("self_consistency", pa.float32()),
                        required("n_words", pa.int32()),
                        required("flags", pa.list_(pa.string())),
                    ]
                ),
            ),
            required(
                "pixel_budget",
                pa.struct([required("min_pixels", pa.int32()), required("max_pixels", pa.int32())]),
            ),
            required("licence", pa.list_(pa.string())),
            required("leak_block", pa.list_(pa.string())),
        ]
    ),
    key=("sample_id",),
)
