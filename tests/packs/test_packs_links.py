"""Near pairs, clusters, and the links that come of shared and nearly shared pictures."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packs_toy import encoded, make_market, picture
from PIL import Image

from generators import near_hashes
from generators.links import clusters, evidence_path, leaks, overlaps, told
from generators.near_hashes import is_flat, near_pairs
from tasks.steps.ingest import ingest
from tasks.steps.link import link
from tasks.steps.store import StepOutput


def brute(hashes: Any, radius: int) -> set[tuple[int, int, int]]:
    apart = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    first, second = np.nonzero(np.triu(apart <= radius, 1))
    return {(int(a), int(b), int(apart[a, b])) for a, b in zip(first, second, strict=True)}


def found(hashes: Any, radius: int = 4) -> set[tuple[int, int, int]]:
    pairs = near_pairs(hashes, radius)
    return set(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.distance.tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(
    seeds=st.lists(st.integers(0, 2**64 - 1), min_size=0, max_size=6),
    flips=st.lists(st.tuples(st.integers(0, 5), st.sets(st.integers(0, 63), max_size=6)), max_size=30),
)
def test_near_pairs_are_those_of_comparing_everything(seeds: list[int], flips: list[tuple[int, set[int]]]) -> None:
    made = seeds + [seeds[at % len(seeds)] ^ sum(1 << bit for bit in bits) for at, bits in flips if seeds]
    hashes = np.array(made, dtype=np.uint64)
    assert found(hashes) == brute(hashes, 4)


def test_long_runs_are_split_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_hashes, "_LONG_RUN", 20)
    rng = np.random.default_rng(5)
    flat = np.uint64(0xFFFF000000000000) | rng.integers(0, 1 << 20, 300, dtype=np.uint64)
    hashes = np.concatenate([rng.integers(0, 2**63, 200, dtype=np.uint64), flat])
    assert near_pairs(hashes).split_runs > 0
    assert found(hashes) == brute(hashes, 4)


def test_thirty_thousand_hashes_take_a_moment() -> None:
    hashes = np.random.default_rng(1).integers(0, 2**63, 30_000, dtype=np.uint64)
    close = np.concatenate([hashes, hashes[:3_000] ^ np.uint64(0b10110)])
    assert len(near_pairs(close).first) == 3_000


@given(pairs=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=12))
def test_two_keys_share_a_cluster_exactly_when_a_chain_of_pairs_joins_them(pairs: list[tuple[str, str]]) -> None:
    group = {key: {key} for pair in pairs for key in pair}
    for a, b in pairs:
        merged = group[a] | group[b]
        group.update(dict.fromkeys(merged, merged))
    assert clusters(pairs) == {key: min(members) for key, members in group.items()}


def test_flat_pictures_prove_nothing() -> None:
    stripes = 0xF0F0F0F0F0F0F0F0
    hashes = np.array([0, 2**64 - 1, 1 << 63, stripes, 0xFF00FF00FF00FF00, 0x93C5A1786E2D4BF0], dtype=np.uint64)
    assert is_flat(hashes).tolist() == [True, True, True, True, True, False]


def two_sources(folder: Path, second: bytes) -> list[StepOutput]:
    """Market and CUHK-PEDES, whose one picture of person 7 is given."""
    market = make_market(folder / "Market-1501-v15.09.15")
    cuhk = folder / "CUHK-PEDES"
    (cuhk / "imgs" / "Market").mkdir(parents=True)
    (cuhk / "imgs" / "Market" / "x.jpg").write_bytes(second)
    record = {"file_path": "Market/x.jpg", "id": 7, "split": "train", "captions": ["A man."]}
    (cuhk / "reid_raw.json").write_text(json.dumps([record]))
    return [ingest(folder / "store", name, raw) for name, raw in (("market1501", market), ("cuhk_pedes", cuhk))]


def linked(folder: Path, second: bytes) -> list[dict[str, Any]]:
    step = link(folder / "store", two_sources(folder, second))
    return pq.read_table(step.folder / "identity_links.parquet").to_pylist()


def test_the_same_bytes_under_two_keys_link_them_and_show_where_a_picture_was_taken_from(tmp_path: Path) -> None:
    rows = linked(tmp_path, encoded(4))
    assert [row["reason"] for row in rows] == ["derived_from_market1501", "same_bytes"]
    for row in rows:
        assert (row["person_a"], row["person_b"]) == ("cuhk_pedes:00007", "market1501:0002")
        assert (row["distance"], row["cluster"]) == (0, "cuhk_pedes:00007")
        assert row["evidence_a"] == "cuhk_pedes/imgs/Market/x.jpg"


def test_a_picture_encoded_again_links_two_keys_as_a_near_duplicate(tmp_path: Path) -> None:
    (row,) = linked(tmp_path, encoded(4, quality=60))
    assert (row["reason"], row["person_b"]) == ("near_duplicate", "market1501:0002")
    assert 0 <= row["distance"] <= 4


@pytest.mark.parametrize("seed", [400, 401])
def test_another_picture_links_nobody(tmp_path: Path, seed: int) -> None:
    assert linked(tmp_path, encoded(seed)) == []


def test_a_picture_of_another_shape_or_brightness_or_without_content_links_nobody(tmp_path: Path) -> None:
    for name, changed in {
        "wide": picture(4).resize((128, 128)),
        "dark": picture(4).point(lambda level: level // 2),
        "blank": Image.new("RGB", (64, 128), (120, 120, 120)),
    }.items():
        file = io.BytesIO()
        changed.save(file, "JPEG", quality=95)
        assert linked(tmp_path / name, file.getvalue()) == []


def test_pictures_of_one_person_and_of_nobody_link_nobody(tmp_path: Path) -> None:
    market = make_market(tmp_path / "raw")
    for name in ("0001_c1s1_000900_01", "0000_c1s1_000900_01", "-1_c1s1_000900_01"):
        (market / "bounding_box_test" / f"{name}.jpg").write_bytes(encoded(0))
    step = link(tmp_path / "store", [ingest(tmp_path / "store", "market1501", market)])
    assert step.facts["links"] == 0


def test_a_blank_placeholder_under_many_persons_links_nobody(tmp_path: Path) -> None:
    market = make_market(tmp_path / "raw")
    file = io.BytesIO()
    Image.new("RGB", (64, 128), (9, 9, 9)).save(file, "JPEG")
    for person in range(1, 7):
        (market / "query" / f"{person:04d}_c1s1_000900_01.jpg").write_bytes(file.getvalue())
    step = link(tmp_path / "store", [ingest(tmp_path / "store", "market1501", market)])
    assert step.facts["links"] == 0
    assert step.facts["flat_hashes"] == 6


def test_links_do_not_depend_on_the_order_of_the_sources_and_are_found_once(tmp_path: Path) -> None:
    steps = two_sources(tmp_path, encoded(4))
    first, second = link(tmp_path / "store", steps), link(tmp_path / "store", steps[::-1])
    assert first.digest == second.digest
    assert second.skipped
    assert first.facts["links_across_sources"] == 2


def test_the_sample_has_no_links_for_its_persons_are_all_different(tmp_path: Path) -> None:
    from generators.sample import write_sample

    names = ("market1501", "ltcc", "sysu_mm01", "cuhk_pedes")
    write_sample(tmp_path / "raw", "tiny", 7, names)
    step = link(tmp_path / "store", [ingest(tmp_path / "store", name, tmp_path / "raw") for name in names])
    assert step.facts["images"] > 250
    assert step.facts["links"] == 0


def test_no_source_at_all_gives_an_empty_table(tmp_path: Path) -> None:
    step = link(tmp_path / "store", [])
    assert pq.read_table(step.folder / "identity_links.parquet").num_rows == 0


def row(a: str, b: str, reason: str = "near_duplicate", distance: int | None = 2) -> dict[str, Any]:
    return {"person_a": a, "person_b": b, "reason": reason, "distance": distance,
            "evidence_a": f"{a}.jpg", "evidence_b": f"{b}.jpg", "cluster": a}  # fmt: skip


def test_the_evidence_between_two_of_a_cluster_is_the_shortest_chain_of_the_strongest_links() -> None:
    rows = [row("a:1", "b:1"), row("b:1", "c:1", "same_bytes", 0), row("b:1", "c:1"), row("c:1", "d:1")]
    steps = evidence_path(rows, "d:1", "a:1")
    assert [(step["person_a"], step["reason"]) for step in steps] == [
        ("c:1", "near_duplicate"), ("b:1", "same_bytes"), ("a:1", "near_duplicate"),
    ]  # fmt: skip
    assert told(steps, "d:1") == (
        "d:1 = c:1 (near_duplicate, 2 bits: d:1.jpg ~ c:1.jpg) = b:1 (same_bytes: c:1.jpg ~ b:1.jpg)"
        " = a:1 (near_duplicate, 2 bits: b:1.jpg ~ a:1.jpg)"
    )
    assert evidence_path(rows, "a:1", "e:1") == []


@given(pairs=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=12))
def test_any_two_of_a_cluster_have_a_path_of_evidence_and_no_others(pairs: list[tuple[str, str]]) -> None:
    rows = [row(a, b) for a, b in pairs if a != b]
    cluster = clusters((one["person_a"], one["person_b"]) for one in rows)
    for a in cluster:
        for b in cluster:
            steps = evidence_path(rows, a, b)
            assert bool(steps) == (cluster[a] == cluster[b] and a != b)


def test_an_overlap_is_accepted_by_dataset_or_by_person_and_only_in_its_direction() -> None:
    pairs = [("cuhk_pedes:1", "market1501:2"), ("cuhk_pedes:5", "market1501:6")]
    tested = ["market1501:2", "market1501:6"]
    for train, test in (("cuhk_pedes", "market1501"), ("cuhk_pedes:1", "market1501:2"), ("cuhk_pedes:1", "market1501")):
        accepted = [{"train": train, "test": test, "reason": "as published"}]
        first, second = leaks(pairs, tested, accepted)
        assert first == ("cuhk_pedes:1", "market1501:2", "as published")
        assert second[2] == ("as published" if train == "cuhk_pedes" else None)
    backwards = [{"train": "market1501", "test": "cuhk_pedes", "reason": "as published"}]
    assert [reason for *_, reason in leaks(pairs, tested, backwards)] == [None, None]


def test_overlaps_count_persons_of_both_sides_and_links_by_reason() -> None:
    rows = [row("b:1", "a:1"), row("b:1", "a:2", "same_bytes", 0), row("a:1", "a:2")]
    within, across = overlaps(rows)
    assert within == {"source_a": "a", "source_b": "a", "persons_a": 2, "persons_b": 2, "links": 1,
                      "reasons": {"near_duplicate": 1}}  # fmt: skip
    assert across == {"source_a": "a", "source_b": "b", "persons_a": 2, "persons_b": 1, "links": 2,
                      "reasons": {"near_duplicate": 1, "same_bytes": 1}}  # fmt: skip


def test_a_run_with_too_many_near_hashes_is_cut_short_and_says_so() -> None:
    rng = np.random.default_rng(5)
    flips = np.uint64(1) << rng.integers(0, 64, (3, 6_000), dtype=np.uint64)
    hashes = np.unique(np.uint64(0x93C5A1786E2D4BF0) ^ np.bitwise_or.reduce(flips, axis=0))
    pairs = near_pairs(hashes)
    assert pairs.capped_runs > 0
    assert pairs.not_compared > 0
    apart = np.bitwise_count(hashes[pairs.first] ^ hashes[pairs.second])
    assert (apart == pairs.distance).all()
    assert apart.max() <= 4
    linked = clusters((str(a), str(b)) for a, b in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert max(np.unique(list(linked.values()), return_counts=True)[1]) > 0.9 * len(hashes)


def test_near_pairs_of_one_group_are_left_out() -> None:
    hashes = np.array([0x93C5A1786E2D4BF0, 0x93C5A1786E2D4BF1, 0x93C5A1786E2D4BF3], dtype=np.uint64)
    pairs = near_pairs(hashes, groups=np.array([0, 0, 1]))
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(0, 2), (1, 2)]
    assert len(near_pairs(hashes, groups=np.array([-1, -1, -1])).first) == 3


def drawn(folder: Path, names: tuple[str, ...]) -> tuple[StepOutput, list[dict[str, Any]]]:
    """The links of drawn datasets."""
    from generators.sample import write_sample

    write_sample(folder / "raw", "tiny", 7, names)
    steps = [
        ingest(folder / "store", name, folder / "raw") for name in names if name not in ("dukemtmc", "occluded_duke")
    ]
    for name in ("dukemtmc", "occluded_duke"):
        if name in names:
            steps.append(ingest(folder / "store", name, folder / "raw", accept_withdrawn="a test of the links"))
    step = link(folder / "store", steps)
    return step, pq.read_table(step.folder / "identity_links.parquet").to_pylist()


def test_what_was_taken_from_msmt17_is_linked_by_name_and_by_picture(tmp_path: Path) -> None:
    step, rows = drawn(tmp_path, ("icfg_pedes", "msmt17", "rstpreid"))
    reasons = {(o["source_a"], o["source_b"]): o["reasons"] for o in step.facts["overlaps"]}
    assert reasons["icfg_pedes", "msmt17"]["derived_from_msmt17"] == 9
    assert set(reasons["msmt17", "rstpreid"]) == {"derived_from_msmt17", "same_bytes"}
    derived = [one for one in rows if one["reason"] == "derived_from_msmt17"]
    by_name, by_bytes = ([one for one in derived if one["distance"] == distance] for distance in (None, 0))
    assert (len(by_name), len(by_name) + len(by_bytes)) == (9, len(derived))
    for one in by_name:
        assert one["evidence_a"].rpartition("/")[2] == one["evidence_b"].rpartition("/")[2]
    assert {one["person_b"].partition(":")[0] for one in by_bytes} == {"rstpreid"}
    for a in {one["person_a"] for one in rows}:
        mates = [one["person_b"] for one in rows if one["cluster"] == a]
        assert all(evidence_path(rows, a, b) for b in mates)


def test_occluded_duke_is_linked_to_duke_by_its_names(tmp_path: Path) -> None:
    step, rows = drawn(tmp_path, ("dukemtmc", "occluded_duke"))
    (found,) = step.facts["overlaps"]
    assert set(found["reasons"]) == {"derived_from_dukemtmc", "same_bytes"}
    for one in rows:
        assert one["person_a"].partition(":")[2] == one["person_b"].partition(":")[2]


def test_photos_of_orbench_lead_to_the_two_datasets_they_were_taken_from(tmp_path: Path) -> None:
    from generators.sample import write_sample

    raw = tmp_path / "raw"
    write_sample(raw, "tiny", 7, ("sysu_mm01", "llcm"))
    for part in ("vis", "nir", "cp", "sk"):
        (raw / "ORBench" / part).mkdir(parents=True)
    for place, folder in {"vis/0001": "SYSU-MM01/cam1", "nir/0001": "SYSU-MM01/cam3", "vis/0002": "LLCM/vis"}.items():
        photo = min((raw / folder).rglob("*.jpg"))
        (raw / "ORBench" / place).mkdir()
        (raw / "ORBench" / place / "a.jpg").write_bytes(photo.read_bytes())
    (raw / "ORBench" / "train_annos.json").write_text('[{"id": 1, "file_path": "vis/0001/a.jpg", "caption": "A man."}]')
    (raw / "ORBench" / "test_gallery_and_queries.json").write_text('{"RGB_GALLERY": []}')
    steps = [ingest(tmp_path / "store", name, raw) for name in ("sysu_mm01", "llcm", "orbench")]
    rows = pq.read_table(link(tmp_path / "store", steps).folder / "identity_links.parquet").to_pylist()
    found = {
        (one["reason"], one[mine], one[other].partition(":")[0])
        for one in rows
        for mine, other in (("person_a", "person_b"), ("person_b", "person_a"))
        if one[mine].startswith("orbench:")
    }
    assert found == {
        (reason, person, source)
        for person, source in (("orbench:0001", "sysu_mm01"), ("orbench:0002", "llcm"))
        for reason in ("same_bytes", f"derived_from_{source}")
    }
