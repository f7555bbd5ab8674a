"""Benchmark protocols with their members, results of runs, and what was refused."""

import pyarrow as pa

from schemas.tables.table import Table, required

PROTOCOLS = Table(
    "protocols",
    "benchmark protocol",
    pa.schema(
        [
            required("protocol_id", pa.string()),
            required("protocol", pa.string()),
            required("source", pa.string()),
            required("title", pa.string()),
            required("setting", pa.string()),
            required("junk_rule", pa.string()),
            required("cmc_variant", pa.string()),
            required("ap_variant", pa.string()),
            pa.field("ap_topk", pa.int32()),
            required("tie_policy", pa.string()),
            required("n_trials", pa.int32()),
            pa.field("sampler", pa.string()),
            pa.field("seed", pa.int64()),
            required("n_query", pa.int32()),
            required("n_gallery", pa.int32()),
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
            required("protocol_id", pa.string()),
            required("trial", pa.int16()),
            required("role", pa.string()),
            required("position", pa.int32()),
            required("member_kind", pa.string()),
            required("member_ids", pa.list_(pa.string())),
        ]
    ),
    key=("protocol_id", "trial", "role", "position"),
)

REJECTS = Table(
    "rejects",
    "refused thing",
    pa.schema(
        [
            required("reject_id", pa.string()),
            required("table", pa.string()),
            required("source", pa.string()),
            required("subject", pa.string()),
            required("reason", pa.string()),
            required("detail", pa.string()),
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
            required("run_id", pa.string()),
            required("protocol_id", pa.string()),
            required("scorer", pa.string()),
            required("metric", pa.string()),
            required("value", pa.float64()),
            pa.field("ci_low", pa.float64()),
            pa.field("ci_high", pa.float64()),
            pa.field("chance", pa.float64()),
            required("n_query", pa.int32()),
            required("n_valid_query", pa.int32()),
            required("n_gallery", pa.int32()),
            required("ap_variant", pa.string()),
            required("tie_policy", pa.string()),
            required("version_digest", pa.string()),
        ]
    ),
    key=("run_id", "protocol_id", "scorer", "metric"),
)
