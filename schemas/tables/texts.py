"""What is said of pictures: captions, attribute values, one-fact statements and scores of texts."""

import pyarrow as pa

from schemas.tables.table import Table, required, strings

CAPTIONS = Table(
    "captions",
    "text about an image",
    pa.schema(
        [
            required("caption_id", pa.string()),
            required("image_id", pa.string()),
            pa.field("person_key", pa.string()),
            required("caption_index", pa.int32()),
            required("text_raw", pa.string()),
            required("text", pa.string()),
            required("n_words", pa.int32()),
            pa.field("processed_tokens", pa.list_(pa.string())),
            required("caption_source", pa.string()),
            *strings("style", "model", "generation_key"),
            required("language", pa.string()),
            required("valid", pa.bool_()),
            required("flags", pa.list_(pa.string())),
        ]
    ),
    key=("caption_id",),
)

ATTRIBUTES = Table(
    "attributes",
    "attribute value of an image, an outfit or an identity",
    pa.schema(
        [
            required("attribute_id", pa.string()),
            required("level", pa.string()),
            *strings("image_id", "person_key", "clothes_key"),
            required("key", pa.string()),
            required("value", pa.string()),
            required("attribute_source", pa.string()),
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
            required("statement_id", pa.string()),
            required("image_id", pa.string()),
            *strings("other_image_id", "caption_id"),
            required("kind", pa.string()),
            required("role", pa.string()),
            required("place", pa.int16()),
            required("text", pa.string()),
            *strings("answer", "key", "value"),
            required("statement_source", pa.string()),
            required("style", pa.string()),
            required("model", pa.string()),
            required("generation_key", pa.string()),
        ]
    ),
    key=("statement_id",),
)

TEXT_SCORES = Table(
    "text_scores",
    "measured score of a made caption",
    pa.schema(
        [
            required("caption_id", pa.string()),
            required("measure", pa.string()),
            required("score", pa.float32()),
        ]
    ),
    key=("caption_id", "measure"),
)
