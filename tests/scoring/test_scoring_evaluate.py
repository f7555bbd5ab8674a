import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from schemas.errors import BadScores, BadTable, NotWritable, UnknownName, UnknownVersion, WrongUse
from schemas.protocol import EVERY_TRIAL
from schemas.recipe import Evaluate
from schemas.tables import RESULTS, TABLES
from tasks.scoring.benchmark import load_benchmarks
from tasks.steps.evaluate import SCORERS, Run, evaluate, evaluate_score_file
from tasks.versions.reader import VersionFolder
from tasks.versions.writer import from_rows, write

COLOURS = [(220, 30, 30), (30, 190, 40), (40, 60, 220), (220, 210, 40)]


def picture(person, seed):
    pixels = np.random.default_rng(seed).integers(-15, 15, (32, 16, 3)) + np.array(COLOURS[person])
    out = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def images():
    """Four persons, each seen by three cameras; the first camera asks."""
    for person in range(4):
        for camera in range(3):
            yield f"toy/{'query' if camera == 0 else 'gallery'}/{person}_c{camera}.png", person, camera


def image_rows():
    for number, (image_id, person, camera) in enumerate(images()):
        data = picture(person, number)
        common = {"image_id": image_id, "source": "toy"}
        yield (
            {**common, "image": {"bytes": data, "path": "x.png"}, "sha256": "0" * 64, "n_bytes": len(data),
             "width": 16, "height": 32, "format": "png", "phash": number},
            {**common, "relpath": image_id, "source_split": "query" if camera == 0 else "gallery", "split": "test",
             "pid_raw": str(person), "person_key": f"toy:{person}", "role_flag": "normal", "cam_key": f"toy:c{camera}",
             "modality": "rgb", "license_id": "toy", "access_status": "synthetic", "release_allowed": True,
             "parse_warnings": [], "reader_version": "1"},
            {"caption_id": f"{image_id}#0", "image_id": image_id, "person_key": f"toy:{person}", "caption_index": 0,
             "text_raw": f"person {person}", "text": f"person {person}", "n_words": 2, "caption_source": "human",
             "language": "en", "valid": True, "flags": []},
        )  # fmt: skip


def protocol(name, setting="standard", trials=1, **facts):
    return {
        "protocol_id": name, "protocol": name, "source": "toy", "title": name, "setting": setting,
        "junk_rule": "pid_cam", "cmc_variant": "plain", "ap_variant": "step", "tie_policy": "gallery_order",
        "n_trials": trials, "n_query": 4, "n_gallery": 8, **facts,
    }  # fmt: skip


def member(name, role, position, member_id, trial=EVERY_TRIAL, kind="image"):
    return {"protocol_id": name, "trial": trial, "role": role, "position": position, "member_kind": kind,
            "member_ids": member_id if isinstance(member_id, list) else [member_id]}  # fmt: skip


def member_rows():
    query = [image_id for image_id, _, camera in images() if camera == 0]
    gallery = [image_id for image_id, _, camera in images() if camera > 0]
    for position, image_id in enumerate(query):
        for name in ("by_image", "two_trials"):
            yield member(name, "query", position, image_id)
        yield member("by_text", "query", position, f"{image_id}#0", kind="caption")
        yield member("combined", "query", position, [image_id, f"{image_id}#0"], kind="combo")
    for position, image_id in enumerate(gallery):
        for name in ("by_image", "by_text", "combined", "without_queries"):
            yield member(name, "gallery", position, image_id)
        yield member("two_trials", "gallery", position // 2, image_id, trial=position % 2)


def make_version(folder, **changes):
    rows = list(image_rows())
    tables = {
        "images": [row[0] for row in rows],
        "person_images": [row[1] for row in rows],
        "captions": [row[2] for row in rows],
        "protocols": [
            protocol("by_image"), protocol("by_text", "text-to-image", junk_rule="none"), protocol("combined"),
            protocol("two_trials", trials=2, cmc_variant="id_dedup"), protocol("without_queries"),
        ],
        "protocol_members": list(member_rows()),
        **changes,
    }  # fmt: skip
    for name, listed in tables.items():
        (folder / "data" / name).mkdir(parents=True)
        write(TABLES[name], from_rows(TABLES[name], listed), folder / "data" / name / "all.parquet")
    (folder / "manifest.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    return make_version(tmp_path_factory.mktemp("version"))


class ToyModel:
    """Sees a picture's mean colour and reads the digit of a text; sure about equal mean colours."""

    name = "embedding"

    def embed_images(self, encoded, modality):
        assert set(modality) == {"rgb"}
        self.asked = getattr(self, "asked", 0) + len(encoded)
        return self.unit(np.array([self.mean(data) for data in encoded]) - 110)

    def embed_texts(self, texts):
        return self.unit(
            np.array([COLOURS[int(text[-1])] if text[-1].isdigit() else (1, 1, 1) for text in texts]) - 110
        )

    def yes_probability(self, rows):
        assert {row.kind for row in rows} <= {"image", "text"}
        want = [COLOURS[int(row.query[-1])] if row.kind == "text" else self.mean(row.query) for row in rows]
        return np.array(
            [float(np.abs(a - self.mean(row.candidate)).max() < 30) for a, row in zip(want, rows, strict=True)]
        )

    def question_accuracy(self, version):
        return [{"family": "ATTR_QA", "what": "top", "accuracy": 0.5, "low": 0.4, "high": 0.6, "majority": 0.3, "n": 9}]

    @staticmethod
    def mean(data):
        return np.asarray(Image.open(io.BytesIO(data)), dtype=float).mean(axis=(0, 1))

    @staticmethod
    def unit(rows):
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


IDENTITY = {"version": "v", "checkpoint": "c", "run_id": "r"}


def test_baselines_alone_are_written_with_chance_intervals_and_reasons_for_what_is_left_out(version, tmp_path):
    seen = []
    out = evaluate(version, None, Evaluate(), tmp_path / "out", lambda *step: seen.append(step))
    results = pq.read_table(out / "results.parquet")
    assert results.schema.remove_metadata() == RESULTS.schema
    rows = {(row["protocol_id"], row["metric"]): row for row in results.to_pylist()}
    assert sorted({name for name, _ in rows}) == ["by_image", "two_trials"]
    assert set(results["scorer"].to_pylist()) == {"colour_histogram"}
    first = rows["by_image", "rank-1"]
    assert (first["value"], first["chance"], first["n_query"], first["n_valid_query"], first["n_gallery"]) == (
        1,
        0.25,
        4,
        4,
        8,
    )
    assert rows["two_trials", "mAP"]["n_gallery"] == 4
    assert first["ci_low"] == first["ci_high"] == 1.0
    summary = json.loads((out / "summary.json").read_bytes())
    reasons = {(row["protocol"], row["scorer"]): row["reason"] for row in summary["left_out"]}
    assert reasons == {
        ("every protocol", "embedding"): "it needs a checkpoint, and none was given",
        ("every protocol", "embedding_yesno"): "it needs a checkpoint, and none was given",
        ("by_text", "colour_histogram"): "captions ask, and this scorer has no text side",
        ("combined", "colour_histogram"): "its queries combine several things, which no scorer serves",
        ("without_queries", "colour_histogram"): "it has no queries or no gallery in this version",
    }
    assert summary["protocols"]["by_image"]["colour_histogram"]["metrics"]["mAP"]["value"] == 1.0
    curves = json.loads((out / "curves.json").read_bytes())
    assert curves["by_image"]["colour_histogram"] == [1.0] * 20
    assert seen[0][:2] == (0, 6)
    assert seen[-1] == (6, 6, "done")


def test_a_model_serves_images_and_texts_and_an_image_is_embedded_once(version):
    model = ToyModel()
    run = Run(VersionFolder(version), IDENTITY, Evaluate(), model, lambda *step: None)
    run.work()
    found = {(row["protocol_id"], row["scorer"], row["metric"]): row["value"] for row in run.rows}
    for name in ("by_image", "by_text", "two_trials"):
        for scorer in ("embedding", "embedding_yesno"):
            assert found[name, scorer, "rank-1"] == 1.0
    assert model.asked == 12
    assert run.summary()["questions"] == []
    assert {row["run_id"] for row in run.rows} == {"r"}


def test_the_same_run_gives_the_same_bytes_and_a_second_one_replaces_the_first(version, tmp_path):
    one, two = (evaluate(version, None, Evaluate(), tmp_path / name) for name in ("one", "two"))
    (one / "summary.json").write_text("half")
    evaluate(version, None, Evaluate(), one)
    names = sorted(path.name for path in one.iterdir())
    assert names == ["curves.json", "results.parquet", "summary.json"]
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    other = evaluate(version, None, Evaluate(protocols=("by_image",)), tmp_path / "three")
    run_ids = [json.loads((folder / "summary.json").read_bytes())["run_id"] for folder in (one, other)]
    assert run_ids[0] != run_ids[1]


def test_wrong_use_is_told_in_a_sentence(version, tmp_path):
    with pytest.raises(UnknownName, match=r"no protocol in this version named 'by_imag'\. Did you mean 'by_image'"):
        evaluate(version, None, Evaluate(protocols=("by_imag",)), tmp_path / "out")
    with pytest.raises(UnknownName, match=r"no scorer named 'embeding'\. Did you mean 'embedding'"):
        evaluate(version, None, Evaluate(scorers=("embeding",)), tmp_path / "out")
    with pytest.raises(WrongUse, match=r"There is no checkpoint folder '.*nowhere'"):
        evaluate(version, tmp_path / "nowhere", Evaluate(), tmp_path / "out")
    with pytest.raises(UnknownVersion, match="is not a version"):
        evaluate(tmp_path, None, Evaluate(), tmp_path / "out")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotWritable, match="give another --out"):
        evaluate(version, None, Evaluate(), tmp_path / "file" / "out")
    assert not (tmp_path / "out").exists()
    assert Evaluate().scorers == SCORERS


def test_a_version_without_a_manifest_is_not_evaluated(version, tmp_path):
    make_version(tmp_path / "draft")
    (tmp_path / "draft" / "manifest.json").unlink()
    with pytest.raises(UnknownVersion, match="results must name a published version"):
        evaluate(tmp_path / "draft", None, Evaluate(), tmp_path / "out")


def test_a_member_that_the_version_does_not_hold_is_named(tmp_path):
    rows = [*member_rows(), member("by_image", "gallery", 99, "toy/lost.png")]
    with pytest.raises(BadTable, match=r"The protocol member 'toy/lost.png' is not in the table 'person_images'"):
        evaluate(make_version(tmp_path / "version", protocol_members=rows), None, Evaluate(), tmp_path / "out")


def test_a_score_file_is_read_in_protocol_order(version, tmp_path):
    trial = next(load_benchmarks(VersionFolder(version), ["by_image"])).trials[0]
    right = np.array([[a.split("/")[-1][0] == b.split("/")[-1][0] for b in trial.gallery_ids] for a in trial.query_ids])
    np.save(tmp_path / "scores.npy", right.astype(np.float32))
    found = evaluate_score_file(version, "by_image", tmp_path / "scores.npy")
    assert (found["protocol"], found["rank-1"], found["mAP"], found["n_query"]) == ("by_image", 1.0, 1.0, 4)
    assert "mAP if ties lost" not in found
    np.save(tmp_path / "scores.npy", np.zeros((4, 8), dtype=np.float16))
    tied = evaluate_score_file(version, "by_image", tmp_path / "scores.npy")
    assert (tied["rank-1"], tied["rank-1 if ties lost"], tied["rank-1 if ties won"]) == (0.25, 0.0, 1.0)
    assert tied["n_tied_query"] == 4
    np.save(tmp_path / "scores.npy", np.random.default_rng(0).random((2, 4, 4)))
    assert 0 < evaluate_score_file(version, "two_trials", tmp_path / "scores.npy")["mAP"] < 1


def test_a_score_file_of_another_shape_or_kind_is_refused_in_a_sentence(version, tmp_path):
    path = tmp_path / "scores.npy"

    def refusal(protocol="by_image"):
        with pytest.raises(BadScores) as caught:
            evaluate_score_file(version, protocol, path)
        return str(caught.value)

    assert "there is no such file; write them with numpy.save" in refusal()
    path.write_text("not an array")
    assert "it is not a .npy file of numbers" in refusal()
    path.write_bytes(b"")
    assert "it is not a .npy file of numbers" in refusal()
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "it is not a .npy file of numbers" in refusal()
    np.save(path, np.zeros((8, 4)))
    assert "have the shape (8, 4), but 'by_image' needs (4, 8): queries, gallery" in refusal()
    assert "needs (2, 4, 4): trials, queries, gallery" in refusal("two_trials")
    np.save(path, np.where(np.eye(4, 8) > 0, np.nan, 0.0))
    assert "The score of query 0 and gallery member 0 is nan" in refusal()
    assert "The score of query 0 and gallery member 0 is nan" in refusal("combined")
    np.savez(tmp_path / "scores", a=np.zeros((4, 8)))
    (tmp_path / "scores.npz").rename(path)
    assert "it is not a .npy file of numbers" in refusal()
