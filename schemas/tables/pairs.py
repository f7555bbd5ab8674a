"""Pairs: person keys that may be one person, and pictures that look alike."""

import pyarrow as pa

from schemas.tables.table import Table, required

IDENTITY_LINKS = Table(
    "identity_links",
    "pair of person keys known or suspected to be one person",
    pa.schema(
        [
            required("person_a", pa.string()),
            required("person_b", pa.string()),
            required("reason", pa.string()),
            required("evidence_a", pa.string()),
            required("evidence_b", pa.string()),
            pa.field("distance", pa.int16()),
            required("cluster", pa.string()),
        ]
    ),
    key=("person_a", "person_b", "reason"),
)

NEIGHBOURS = Table(
    "neighbours",
    "pair of anchor and candidate",
    pa.schema(
        [
            required("anchor_id", pa.string()),
            required("rank", pa.int16()),
            required("candidate_id", pa.string()),
            required("distance", pa.float32()),
            required("same_camera", pa.bool_()),
            required("miner", pa.string()),
        ]
    ),
    key=("anchor_id", "rank"),
)
