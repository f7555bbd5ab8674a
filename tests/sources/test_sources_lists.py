"""Lists that protocols need come with the ingest, and their protocols find them there."""

from pathlib import Path

from generators.sample import write_sample
from tasks.steps.benchmark import benchmark
from tasks.steps.ingest import ingest
from tasks.steps.parts import read_table

KEYS = ("orbench_sk", "orbench_text_nir", "orbench_nir_cp_sk_text")


def test_orbench_queries_reach_their_protocols_through_the_ingest(tmp_path: Path) -> None:
    write_sample(tmp_path / "raw", "tiny", sources=["orbench"])
    ingested = ingest(tmp_path / "store", "orbench", tmp_path / "raw")
    assert len(ingested.facts["lists"]) == 33
    benchmarked = benchmark(tmp_path / "store", [ingested], [ingested], list(KEYS))
    members = read_table(benchmarked, "protocol_members").to_pylist()
    known = set(read_table(ingested, "person_images")["image_id"].to_pylist())
    known |= set(read_table(ingested, "captions")["caption_id"].to_pylist())
    for key in KEYS:
        mine = [row for row in members if row["protocol_id"].startswith(key)]
        asked = [row for row in mine if row["role"] == "query"]
        assert len(asked) == {"orbench_sk": 3, "orbench_text_nir": 9, "orbench_nir_cp_sk_text": 6}[key]
        assert all(set(row["member_ids"]) <= known for row in mine)
        assert sum(row["role"] == "gallery" for row in mine) == 9
