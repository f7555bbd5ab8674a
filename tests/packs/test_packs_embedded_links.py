"""Links by embedding: pictures of two datasets that an encoder finds all but equal where hashes cannot tell."""

import io
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from packs_toy import encoded, make_market, picture
from PIL import Image, ImageOps

from generators.links import evidence_path, leaks, told
from schemas.errors import BadRecipe
from schemas.recipe import Link
from tasks.steps import embedded_links
from tasks.steps.ingest import ingest
from tasks.steps.link import link
from tasks.steps.store import StepOutput

STRIPES = Link(miner="striped_colour")


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()


def mirrored(seed: int) -> bytes:
    """Colours per horizontal stripe stay as they are; a hash does not."""
    return jpeg(ImageOps.mirror(picture(seed)))


def two_markets(folder: Path, second: dict[str, bytes]) -> list[StepOutput]:
    """Market-1501 and an LTCC whose training pictures are given by person."""
    market = make_market(folder / "Market-1501-v15.09.15")
    ltcc = folder / "LTCC_ReID"
    for part in ("train", "query", "test"):
        (ltcc / part).mkdir(parents=True)
    for person, data in second.items():
        (ltcc / "train" / f"{person}_1_c1_000001.png").write_bytes(data)
    return [ingest(folder / "store", name, raw) for name, raw in (("market1501", market), ("ltcc", ltcc))]


def linked(folder: Path, steps: list[StepOutput], settings: Link) -> list[dict[str, Any]]:
    step = link(folder / "store", steps, settings)
    return pq.read_table(step.folder / "identity_links.parquet").to_pylist()


def persons(rows: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(row["person_a"], row["person_b"], row["reason"]) for row in rows}


def test_a_mirrored_picture_is_found_by_the_encoder_alone_and_only_when_asked(tmp_path: Path) -> None:
    steps = two_markets(tmp_path, {"003": mirrored(4), "004": encoded(400)})
    assert linked(tmp_path, steps, Link()) == []
    (row,) = linked(tmp_path, steps, STRIPES)
    assert (row["person_a"], row["person_b"], row["reason"]) == ("ltcc:003", "market1501:0002", "near_embedding")
    assert (row["evidence_a"], row["distance"]) == ("ltcc/train/003_1_c1_000001.png", None)
    assert row["evidence_b"] == "market1501/query/0002_c1s1_000004_01.jpg"


def test_the_evidence_reads_as_a_chain_and_the_leak_gate_sees_the_tested_person(tmp_path: Path) -> None:
    rows = linked(tmp_path, two_markets(tmp_path, {"003": mirrored(4)}), STRIPES)
    steps = evidence_path(rows, "ltcc:003", "market1501:0002")
    assert "(near_embedding: ltcc/train/003_1_c1_000001.png ~ market1501/query/0002" in told(steps, "ltcc:003")
    pairs = [(row["person_a"], row["person_b"]) for row in rows]
    assert list(leaks(pairs, ["market1501:0002"], [])) == [("ltcc:003", "market1501:0002", None)]


def test_the_distance_of_the_recipe_decides_and_names_the_step(tmp_path: Path) -> None:
    blurred = jpeg(picture(4).resize((16, 32)).resize((80, 120)))
    steps = two_markets(tmp_path, {"003": blurred})
    strict, wide = (Link(miner="striped_colour", max_distance=most) for most in (0.0, 0.1))
    assert linked(tmp_path, steps, strict) == []
    assert persons(linked(tmp_path, steps, wide)) == {("ltcc:003", "market1501:0002", "near_embedding")}
    digests = {link(tmp_path / "store", steps, settings).digest for settings in (Link(), strict, wide)}
    assert len(digests) == 3


def test_everything_is_near_at_the_widest_but_never_within_a_dataset_nor_with_a_flat_picture(tmp_path: Path) -> None:
    flat = jpeg(Image.new("RGB", (64, 128), (9, 9, 9)))
    steps = two_markets(tmp_path, {"003": encoded(400), "004": encoded(401), "005": flat})
    step = link(tmp_path / "store", steps, Link(miner="striped_colour", max_distance=1.0))
    rows = pq.read_table(step.folder / "identity_links.parquet").to_pylist()
    assert {row["person_a"] for row in rows} == {"ltcc:003", "ltcc:004"}
    assert {row["person_b"] for row in rows} == {f"market1501:{number:04d}" for number in range(1, 7)}
    assert (step.facts["near_by_embedding"], step.facts["flat_hashes"]) == (2 * 24, 1)


def test_neither_blocks_nor_the_order_of_the_sources_change_what_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = two_markets(tmp_path, {"003": mirrored(4), "004": mirrored(9), "005": encoded(400)})
    whole = linked(tmp_path, steps, STRIPES)
    assert link(tmp_path / "store", steps[::-1], STRIPES).skipped
    (tmp_path / "store" / "steps" / "link").rename(tmp_path / "before")
    monkeypatch.setattr(embedded_links, "_BLOCK", 5)
    assert linked(tmp_path, steps[::-1], STRIPES) == whole
    assert len(whole) == 2


def test_an_encoder_that_needs_a_folder_says_so_before_any_work(tmp_path: Path) -> None:
    steps = two_markets(tmp_path, {"003": encoded(4)})
    with pytest.raises(BadRecipe, match=r"a local folder with a config\.json"):
        link(tmp_path / "store", steps, Link(miner="transformers_vision"))


@pytest.mark.slow
def test_a_local_vision_model_links_what_it_sees_as_one_wherever_its_folder_stands(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    transformers.set_seed(7)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.ViTConfig(**shape, image_size=32, patch_size=16, initializer_range=1.0)
    transformers.ViTModel(config).save_pretrained(tmp_path / "model")
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path / "model")
    steps = two_markets(tmp_path, {"003": encoded(4, quality=90), "004": encoded(400)})
    chosen = Link(miner="transformers_vision", model=str(tmp_path / "model"), max_distance=0.001)
    seen = {one for one in persons(linked(tmp_path, steps, chosen)) if one[2] == "near_embedding"}
    assert seen == {("ltcc:003", "market1501:0002", "near_embedding")}
    (tmp_path / "model").rename(tmp_path / "moved")
    moved = chosen.model_copy(update={"model": str(tmp_path / "moved")})
    assert link(tmp_path / "store", steps, moved).skipped
