"""Score and feature files that somebody else made, in every form that is read, and what is wrong with them in words."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import BadScores
from schemas.protocol import EVERY_TRIAL
from schemas.tables import TABLES
from tasks.scoring import features, score_files
from tasks.scoring.benchmark import load_benchmarks
from tasks.steps.evaluate import evaluate_score_file
from tasks.versions.reader import VersionFolder
from tasks.versions.writer import from_rows, write

PERSONS, CAMERAS = 5, 3


def name(person, camera):
    return f"toy/{person}_{camera}.png"


def image_row(person, camera):
    return {
        "image_id": name(person, camera), "source": "toy", "relpath": f"{person}_{camera}.png", "source_split": "test",
        "split": "test", "pid_raw": str(person), "person_key": f"toy:{person}", "role_flag": "normal",
        "cam_key": f"toy:c{camera}", "modality": "rgb", "license_id": "toy", "access_status": "synthetic",
        "release_allowed": True, "parse_warnings": [], "reader_version": "1",
    }  # fmt: skip


def caption_row(person):
    return {
        "caption_id": f"{name(person, 0)}#0", "image_id": name(person, 0), "person_key": f"toy:{person}",
        "caption_index": 0, "text_raw": "a man", "text": "a man", "n_words": 2, "caption_source": "human",
        "language": "en", "valid": True, "flags": [],
    }  # fmt: skip


def rule(protocol, trials=1):
    return {
        "protocol_id": protocol, "protocol": protocol, "source": "toy", "title": protocol, "setting": "standard",
        "junk_rule": "pid_cam", "cmc_variant": "plain", "ap_variant": "step", "tie_policy": "gallery_order",
        "n_trials": trials, "n_query": 5, "n_gallery": 10,
    }  # fmt: skip


def member(protocol, role, position, parts, trial=EVERY_TRIAL):
    return {"protocol_id": protocol, "trial": trial, "role": role, "position": position,
            "member_kind": "image" if len(parts) == 1 else "combo", "member_ids": list(parts)}  # fmt: skip


def member_rows():
    gallery = [name(person, camera) for camera in (1, 2) for person in range(PERSONS)]
    for person in range(PERSONS):
        for protocol in ("single", "trials"):
            yield member(protocol, "query", person, [name(person, 0)])
        yield member("combined", "query", person, [name(person, 0), f"{name(person, 0)}#0"])
        yield member("uneven", "query", person, [name(person, 0)])
    for position, image_id in enumerate(gallery):
        for protocol in ("single", "combined"):
            yield member(protocol, "gallery", position, [image_id])
        yield member("trials", "gallery", position // 2, [image_id], trial=position % 2)
        yield member("uneven", "gallery", position, [image_id], trial=0)
        if position:
            yield member("uneven", "gallery", position - 1, [image_id], trial=1)


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    folder = tmp_path_factory.mktemp("version")
    tables = {
        "person_images": [image_row(person, camera) for person in range(PERSONS) for camera in range(CAMERAS)],
        "captions": [caption_row(person) for person in range(PERSONS)],
        "protocols": [rule("single"), rule("combined"), rule("trials", 2), rule("uneven", 2)],
        "protocol_members": list(member_rows()),
    }
    for table, rows in tables.items():
        (folder / "data" / table).mkdir(parents=True)
        write(TABLES[table], from_rows(TABLES[table], rows), folder / "data" / table / "all.parquet")
    (folder / "manifest.json").write_text("{}")
    return folder


def trials(version, protocol):
    return next(load_benchmarks(VersionFolder(version), [protocol])).trials


def noise(*shape, seed=1):
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def pairs(version, protocol, matrices, by_trial=False, seed=0):
    """The long form of score matrices, one per trial, in a shuffled order."""
    rows = []
    for trial, matrix in zip(trials(version, protocol), matrices, strict=True):
        rows += [
            {"trial": trial.number, "query_id": q, "gallery_id": g, "score": float(matrix[i, j])}
            for i, q in enumerate(trial.query_ids)
            for j, g in enumerate(trial.gallery_ids)
        ]
    order = np.random.default_rng(seed).permutation(len(rows))
    kept = ("trial", "query_id", "gallery_id", "score") if by_trial else ("query_id", "gallery_id", "score")
    return [{column: rows[place][column] for column in kept} for place in order]


def save(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def same(one, two):
    assert one.keys() == two.keys()
    for key, value in one.items():
        assert value == two[key] or math.isclose(value, two[key], abs_tol=1e-12), key


@pytest.mark.parametrize("protocol", ["single", "combined"])
def test_pairs_in_any_order_and_a_wide_table_score_as_the_matrix_does(version, tmp_path, protocol):
    trial, matrix = trials(version, protocol)[0], noise(5, 10)
    np.save(tmp_path / "scores.npy", matrix)
    wanted = evaluate_score_file(version, protocol, tmp_path / "scores.npy")
    assert 0 < wanted["mAP"] < 1
    long = save(tmp_path / "long.parquet", pairs(version, protocol, [matrix]))
    same(evaluate_score_file(version, protocol, long), wanted)
    order = np.random.default_rng(3).permutation(10)
    wide = {"query_id": [trial.query_ids[i] for i in (4, 2, 0, 1, 3)]}
    wide |= {trial.gallery_ids[j]: matrix[[4, 2, 0, 1, 3], j] for j in order}
    pq.write_table(pa.table(wide), tmp_path / "wide.parquet")
    same(evaluate_score_file(version, protocol, tmp_path / "wide.parquet"), wanted)


@pytest.mark.parametrize("by_trial", [True, False])
def test_pairs_serve_trials_with_scores_of_their_own_or_shared_ones(version, tmp_path, by_trial):
    matrices = noise(2, 5, 5)
    np.save(tmp_path / "scores.npy", matrices)
    long = save(tmp_path / "long.parquet", pairs(version, "trials", matrices, by_trial))
    same(evaluate_score_file(version, "trials", long), evaluate_score_file(version, "trials", tmp_path / "scores.npy"))


def test_trials_of_different_sizes_need_parquet(version, tmp_path):
    np.save(tmp_path / "scores.npy", noise(2, 5, 10))
    with pytest.raises(BadScores, match="have different sizes, which no matrix can hold: give Parquet"):
        evaluate_score_file(version, "uneven", tmp_path / "scores.npy")
    long = save(tmp_path / "long.parquet", pairs(version, "uneven", [noise(5, 10), noise(5, 9)], by_trial=True))
    assert 0 < evaluate_score_file(version, "uneven", long)["mAP"] < 1


def feature_rows(vectors, extra=()):
    return [{"image_id": image_id, "feature": row.tolist()} for image_id, row in {**vectors, **dict(extra)}.items()]


def vectors(seed=5):
    rng = np.random.default_rng(seed)
    everything = [name(person, camera) for person in range(PERSONS) for camera in range(CAMERAS)]
    everything += [f"{name(person, 0)}#0" for person in range(PERSONS)]
    return {image_id: rng.normal(size=4).astype(np.float32) * 9 for image_id in everything}


def cosine(left, right):
    left, right = (np.asarray(side) / np.linalg.norm(side, axis=1, keepdims=True) for side in (left, right))
    return left @ right.T


def test_features_by_name_or_in_protocol_order_are_compared_by_cosine(version, tmp_path):
    known, trial = vectors(), trials(version, "single")[0]
    sides = [np.stack([known[name] for name in ids]) for ids in (trial.query_ids, trial.gallery_ids)]
    np.save(tmp_path / "scores.npy", cosine(*sides))
    wanted = evaluate_score_file(version, "single", tmp_path / "scores.npy")
    path = save(tmp_path / "features.parquet", feature_rows(known, {"toy/unused.png": np.ones(4)}.items()))
    same(evaluate_score_file(version, "single", path), wanted)
    np.save(tmp_path / "query.npy", sides[0].astype(np.float64))
    np.save(tmp_path / "gallery.npy", sides[1])
    same(evaluate_score_file(version, "single", tmp_path), wanted)


def test_a_query_of_several_parts_asks_with_the_mean_of_their_unit_features(version, tmp_path):
    known, trial = vectors(), trials(version, "combined")[0]
    unit = {image_id: row / np.linalg.norm(row) for image_id, row in known.items()}
    asked = np.stack([(unit[parts[0]] + unit[parts[1]]) / 2 for parts in trial.query_parts])
    np.save(tmp_path / "scores.npy", asked @ np.stack([unit[image_id] for image_id in trial.gallery_ids]).T)
    path = save(tmp_path / "features.parquet", feature_rows(known))
    same(
        evaluate_score_file(version, "combined", path),
        evaluate_score_file(version, "combined", tmp_path / "scores.npy"),
    )


def test_features_may_differ_by_trial(version, tmp_path):
    rows, blocks = [], []
    for trial in trials(version, "trials"):
        known = vectors(seed=trial.number)
        rows += [{**row, "trial": trial.number} for row in feature_rows(known)]
        blocks.append(cosine(*(np.stack([known[n] for n in ids]) for ids in (trial.query_ids, trial.gallery_ids))))
        for side, ids in (("query", trial.query_ids), ("gallery", trial.gallery_ids)):
            np.save(tmp_path / f"{side}{trial.number}.npy", np.stack([known[n] for n in ids]))
    np.save(tmp_path / "scores.npy", np.stack(blocks))
    wanted = evaluate_score_file(version, "trials", tmp_path / "scores.npy")
    same(evaluate_score_file(version, "trials", save(tmp_path / "features.parquet", rows)), wanted)
    (tmp_path / "both").mkdir()
    for side in ("query", "gallery"):
        np.save(tmp_path / "both" / f"{side}.npy", np.stack([np.load(tmp_path / f"{side}{t}.npy") for t in (0, 1)]))
    same(evaluate_score_file(version, "trials", tmp_path / "both"), wanted)


def refusal(version, path, protocol="single"):
    with pytest.raises(BadScores) as caught:
        evaluate_score_file(version, protocol, path)
    text = str(caught.value)
    assert text.count("\n") == 0
    return text


def changed(rows, place, **values):
    return [*rows[:place], {**rows[place], **values}, *rows[place + 1 :]]


def test_what_is_wrong_with_pairs_is_said_in_a_sentence(version, tmp_path):
    path, good = tmp_path / "scores.parquet", pairs(version, "single", [noise(5, 10)])
    assert "has no score for 'toy/" in refusal(version, save(path, good[1:]))
    assert "gives 51 scores, but 'single' has 50 pairs" in refusal(version, save(path, [*good, good[0]]))
    assert "twice: give each pair once" in refusal(version, save(path, [*good[1:], good[3]]))
    text = refusal(version, save(path, changed(good, 2, query_id="toy/9_9.png")))
    assert "names 'toy/9_9.png', which is no query member of 'single'" in text
    assert "which is no gallery member" in refusal(version, save(path, changed(good, 2, gallery_id=name(0, 0))))
    for value in (math.nan, math.inf, -math.inf):
        assert f" is {value!r}: every score must be a finite number" in refusal(
            version, save(path, changed(good, 7, score=value))
        )
    assert "'score' of" in refusal(version, save(path, changed(good, 7, score=None)))
    words = [{**row, "score": "high"} for row in good]
    assert "holds string values, where double values are needed" in refusal(version, save(path, words))
    lists = [{**row, "query_id": [row["query_id"]]} for row in good]
    assert "where string values are needed" in refusal(version, save(path, lists))
    late = [{**row, "trial": 1} for row in good]
    assert "speaks of trial 1, but 'single' has the trials 0 to 0" in refusal(version, save(path, late))


def test_a_wide_table_with_a_missing_or_foreign_column_or_row_is_refused(version, tmp_path):
    trial, matrix, path = trials(version, "single")[0], noise(5, 10), tmp_path / "wide.parquet"

    def wide(gallery, rows=5):
        table = {"query_id": trial.query_ids[:rows], **{n: matrix[:rows, j] for j, n in enumerate(gallery)}}
        pq.write_table(pa.table(table), path)
        return path

    assert "has no score for 'toy/0_0.png'" in refusal(version, wide(trial.gallery_ids[:-1]))
    assert "has no score for 'toy/4_0.png'" in refusal(version, wide(trial.gallery_ids, rows=4))
    twice = {"query_id": trial.query_ids[:4] + trial.query_ids[:1]} | dict.fromkeys(trial.gallery_ids, matrix[:, 0])
    pq.write_table(pa.table(twice), path)
    assert "gives the query 'toy/0_0.png' twice: give each query one row" in refusal(version, path)
    broken = {"query_id": trial.query_ids} | dict.fromkeys(trial.gallery_ids, matrix[:, 0] * math.nan)
    pq.write_table(pa.table(broken), path)
    assert "The score of 'toy/0_0.png' and 'toy/0_1.png' in" in refusal(version, path)
    foreign = [*trial.gallery_ids[:-1], "toy/x.png"]
    assert "names 'toy/x.png', which is no gallery member" in refusal(version, wide(foreign))


def test_what_is_wrong_with_features_is_said_in_a_sentence(version, tmp_path):
    path, good = tmp_path / "features.parquet", feature_rows(vectors())
    first = good[0]["image_id"]
    assert f"has no feature for {first!r}: 1 of 5 members" in refusal(version, save(path, good[1:]))
    assert f"gives {first!r} two features" in refusal(version, save(path, [*good, good[0]]))
    short = changed(good, 0, feature=[1.0, 2.0])
    assert "are not lists of numbers of one length" in refusal(version, save(path, short))
    zero = changed(good, 0, feature=[0.0] * 4)
    assert f"The feature of {first!r}" in refusal(version, save(path, zero))
    assert "it has no direction" in refusal(version, save(path, zero))
    for value in (math.nan, math.inf):
        broken = changed(good, 0, feature=[value, 1.0, 1.0, 1.0])
        assert "is not all finite numbers" in refusal(version, save(path, broken))
    assert "where lists of numbers are needed" in refusal(version, save(path, changed_all(good, 1.0)))
    assert "not lists of numbers" in refusal(version, save(path, changed_all(good, ["a"] * 4)))
    assert "not lists of numbers" in refusal(version, save(path, changed(good, 0, feature=[])))
    assert "not lists of numbers" in refusal(version, save(path, changed(good, 0, feature=None)))


def changed_all(rows, feature):
    return [{**row, "feature": feature} for row in rows]


def test_feature_folders_of_another_shape_are_refused(version, tmp_path):
    assert "there is no such file" in refusal(version, tmp_path)
    np.save(tmp_path / "query.npy", noise(5, 4))
    np.save(tmp_path / "gallery.npy", noise(10, 3))
    assert "those of queries have 4 components, those of the gallery 3" in refusal(version, tmp_path)
    np.save(tmp_path / "gallery.npy", noise(9, 4))
    assert "has 10 members there: give (10, 4)" in refusal(version, tmp_path)
    np.save(tmp_path / "gallery.npy", noise(10, 4) * np.nan)
    assert "is not all finite numbers" in refusal(version, tmp_path)
    np.save(tmp_path / "gallery.npy", noise(10))
    assert "of shape (10,): they must be real numbers of shape (members, d)" in refusal(version, tmp_path)
    np.save(tmp_path / "gallery.npy", np.full((10, 4), "x"))
    assert "they must be real numbers" in refusal(version, tmp_path)


def test_files_that_are_no_scores_are_refused_unopened_by_pickle(version, tmp_path):
    path = tmp_path / "scores.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    assert "it is not a whole Parquet file" in refusal(version, path)
    save(path, [{"a": 1, "b": 2}])
    assert "have the columns a, b: they need query_id, gallery_id and score" in refusal(version, path)
    path.write_bytes(b"\x80\x04]\x94(G?\xb9\x99\x99\x99\x99\x99\x9ae.")
    assert "it is not a .npy file of numbers" in refusal(version, path)
    good = save(path, pairs(version, "single", [noise(5, 10)])).read_bytes()
    path.write_bytes(good[:40] + bytes(200) + good[240:])
    assert "cannot be read to their end" in refusal(version, path)


def test_more_numbers_than_are_held_in_memory_are_refused_before_they_are_read(version, tmp_path, monkeypatch):
    monkeypatch.setattr(score_files, "MOST_NUMBERS", 49)
    path = save(tmp_path / "scores.parquet", pairs(version, "single", [noise(5, 10)]))
    assert "has 50 pairs, more than the 49 that are held in memory" in refusal(version, path)
    save(path, feature_rows(vectors()))
    assert "would need 15 x 4 numbers in memory, more than 49" in refusal(version, path)
    assert features.unit(np.ones((1, 4)), ["a"], "x").dtype == np.float32
