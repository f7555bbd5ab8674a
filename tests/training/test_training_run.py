"""A run on toy people: it learns something finite, can be killed, and comes back from disk as it was."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import simplejpeg
import torch
from pydantic import ValidationError

from schemas.errors import BadTable, WrongUse
from schemas.keys import canonical_json
from schemas.recipe import Train
from tasks.scoring.scorer import Pair
from tasks.steps.train import stated_shares
from tasks.training.checkpoint import load_checkpoint, read_record
from tasks.training.data import Sample
from tasks.training.keep import rate_at, weights_of
from tasks.training.model import load
from tasks.training.network import Size
from tasks.training.plan import Plan, Stage, WarmUp, plan_of
from tasks.training.run import Run, read_losses
from tasks.training.stages import alike, shares_of
from tasks.versions.reader import VersionFolder

SMALL = Size(layers=2, inner=96, tower_depth=1, tower_inner=64, deep_layers=(0,))
IDENTITY = {"version": "0" * 64}


def toy_plan(steps=4):
    stages = {n: Stage(steps, {"ATTR_QA": 0.5, "SAME_YN": 0.5}, batch=8) for n in (1, 2, 3)}
    return Plan(seed=5, vocabulary=300, warm_up=WarmUp(steps=steps, persons=3, pictures=2), stages=stages)


def toy_run(data, out, **changes):
    return Run(data, out, changes.pop("plan", toy_plan()), IDENTITY, size=SMALL, **changes)


def weights(folder):
    modules, _ = load_checkpoint(folder)
    return weights_of({"model": modules.model, "heads": modules.heads})


@pytest.fixture(scope="module")
def finished(tmp_path_factory, toy_data):
    out = tmp_path_factory.mktemp("run")
    toy_run(toy_data, out).train((1, 2, 3))
    return out


def jpeg(number):
    pixels = np.random.default_rng(number).integers(0, 256, (96, 48, 3), dtype=np.uint8)
    return simplejpeg.encode_jpeg(pixels, colorspace="RGB")


def test_every_stage_leaves_a_checkpoint_that_says_what_it_is(finished):
    for number in range(4):
        folder = finished / f"stage{number}"
        record = read_record(folder)
        assert (record["stage"], record["version"], record["seed"]) == (number, "0" * 64, 5)
        assert json.loads((folder / "metrics.json").read_bytes())["stage"] == number
        names = {path.suffix for path in folder.iterdir()}
        assert not names & {".bin", ".pt", ".pkl"}
    assert not (finished / "unfinished").exists()


def test_losses_are_finite_and_told_for_every_part(finished):
    losses = read_losses(finished)
    assert sorted(losses) == ["stage0", "stage1", "stage2", "stage3"]
    values = [value for rows in losses.values() for row in rows for value in row.values()]
    assert len(values) > 20
    assert np.isfinite(values).all()
    assert {"attributes", "captions", "outfit", "person"} <= {name for row in losses["stage0"] for name in row}
    assert {"ATTR_QA", "CAP_SHORT", "SAME_YN", "T2I_YN", "loss"} <= set(losses["stage3"][0]) | {"CAP_SHORT"}


def test_the_tower_is_trained_in_stage_0_and_frozen_afterwards(finished):
    first, last = weights(finished / "stage0"), weights(finished / "stage3")
    tower = [name for name in first if ".visual." in name]
    language = [name for name in first if ".language_model." in name]
    assert len(tower) > 10
    assert all(torch.equal(first[name], last[name]) for name in tower)
    assert not all(torch.equal(first[name], last[name]) for name in language)


def test_captions_are_read_after_the_stages_as_in_stage_0(finished):
    texts = ["A person in a red top.", "Blue."]
    first, last = (load(finished / f"stage{number}").embed_texts(texts) for number in (0, 3))
    np.testing.assert_array_equal(first, last)


def test_a_killed_run_ends_with_the_bytes_of_one_that_was_not(toy_data, finished, tmp_path):
    class Killed(Exception):
        pass

    def kill_at(step):
        def report(done, total, note):
            if done == step:
                raise Killed

        return report

    for step in (3, 7, 14):
        run = toy_run(toy_data, tmp_path, on_progress=kill_at(step))
        run.keeper.blocks = 1
        with pytest.raises(Killed):
            run.train((1, 2, 3))
    assert list((tmp_path / "unfinished").iterdir())
    run = toy_run(toy_data, tmp_path)
    run.train((1, 2, 3))
    whole, again = weights(finished / "stage3"), weights(tmp_path / "stage3")
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert read_losses(tmp_path) == read_losses(finished)


def test_a_finished_run_is_not_repeated_and_another_is_refused(toy_data, finished):
    calls = []
    run = toy_run(toy_data, finished, on_progress=lambda *told: calls.append(told))
    assert run.train((1, 2, 3)) == finished / "stage3"
    assert not calls
    other = toy_run(toy_data, finished, plan=dataclasses.replace(toy_plan(), seed=6))
    with pytest.raises(WrongUse, match="another version, with other settings or by other code"):
        other.train((1, 2, 3))


def test_a_reloaded_model_gives_the_same_outputs(finished):
    one, other = load(finished / "stage3"), load(finished / "stage3")
    pictures = [jpeg(n) for n in range(3)]
    vectors = one.embed_images(pictures, ["rgb", "rgb", "near_infrared"])
    np.testing.assert_array_equal(vectors, other.embed_images(pictures, ["rgb", "rgb", "near_infrared"]))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    texts = one.embed_texts(["A red top.", "A green top."])
    assert texts.shape == (2, vectors.shape[1])
    assert (vectors[2] @ texts.T == 0).all()
    pairs = [Pair("image", pictures[0], pictures[1]), Pair("text", "A red top.", pictures[1])]
    shares = one.yes_probability(pairs)
    assert ((shares > 0) & (shares < 1)).all()
    np.testing.assert_array_equal(shares, other.yes_probability(pairs))
    np.testing.assert_allclose(one.yes_probability(pairs[::-1])[::-1], shares, atol=1e-6)


def test_answers_do_not_depend_on_who_else_is_asked(finished):
    model = load(finished / "stage3")
    pictures = [jpeg(n) for n in range(3)]
    asked = [
        Sample("ATTR_QA", "attr", (0,), "Image 1 [[image:1]] What colour is the top?", "red"),
        Sample("SAME_YN", "yesno", (1, 2), "[[image:1]] and [[image:2]]: same?", "Yes"),
        Sample("I2I_PICK1", "pick1", (0, 1, 2), "[[image:1]] [[image:2]] [[image:3]] Which?", "Image 3"),
    ]
    together = model.answer(asked, pictures)
    assert together == [model.answer([sample], pictures)[0] for sample in asked]
    assert together[1] in ("Yes", "No")
    assert model.answer([], pictures) == []
    assert model.yes_probability([]).shape == (0,)


def test_a_pair_of_an_unknown_kind_is_refused(finished):
    with pytest.raises(WrongUse, match="no wording for a pair of kind 'sketch'"):
        load(finished / "stage3").yes_probability([Pair("sketch", b"", b"")])


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(WrongUse, match="not a checkpoint"):
        load(tmp_path)


def test_a_checkpoint_of_other_training_code_is_refused_and_its_run_is_not_gone_on_with(toy_data, finished, tmp_path):
    run = shutil.copytree(finished, tmp_path / "run")
    for record in run.glob("stage*/checkpoint.json"):
        record.write_bytes(canonical_json({**json.loads(record.read_bytes()), "layout": "old", "run": "old"}))
    with pytest.raises(BadTable, match=r"other training code \(layout 'old'"):
        load(run / "stage3")
    with pytest.raises(WrongUse, match="by other code"):
        toy_run(toy_data, run).train((1, 2, 3))


@pytest.mark.parametrize("name", ["model.safetensors", "heads.safetensors", "tokenizer.json", "config.json"])
def test_a_checkpoint_with_a_damaged_or_missing_file_is_refused(finished, tmp_path, name):
    folder = shutil.copytree(finished / "stage3", tmp_path / "stage3")
    (folder / name).write_bytes((folder / name).read_bytes()[:100])
    with pytest.raises(BadTable, match=r"cannot be read .*: train it again"):
        load(folder)
    (folder / name).unlink()
    with pytest.raises(BadTable, match=r"cannot be read .*: train it again"):
        load(folder)


def test_the_model_is_one_that_transformers_opens_by_itself(finished):
    from transformers import AutoModelForImageTextToText, AutoTokenizer

    model = AutoModelForImageTextToText.from_pretrained(finished / "stage3")
    tokenizer = AutoTokenizer.from_pretrained(finished / "stage3")
    assert model.config.model_type == "qwen3_vl"
    text = tokenizer.apply_chat_template([{"role": "user", "content": "Same person?"}], tokenize=False)
    assert text == "<|im_start|>Same person?<|im_end|>"


def test_the_rate_rises_stays_and_falls_to_nearly_nothing():
    rates = [rate_at(step, 100, 1.0) for step in range(100)]
    assert rates[0] < rates[15] < rates[40] == 1.0
    assert rates[-1] < 0.05


def test_effort_scales_every_part_and_never_below_four_steps():
    whole, tenth, least = (plan_of(Train(effort=effort)) for effort in (1.0, 0.1, 0.0001))
    assert tenth.warm_up.steps == round(whole.warm_up.steps * 0.1)
    assert {stage.steps for stage in least.stages.values()} == {least.warm_up.steps} == {4}


def test_a_recipe_states_the_shares_of_a_stage_and_the_others_keep_theirs():
    plain, stated = plan_of(Train()), plan_of(Train(shares={2: {"SAME_YN": 0.7, "ATTR_QA": 0.3}}))
    assert stated.stages[2].shares == {"SAME_YN": 0.7, "ATTR_QA": 0.3}
    assert (stated.stages[1], stated.stages[3]) == (plain.stages[1], plain.stages[3])
    assert stated.stages[2].steps == plain.stages[2].steps
    with pytest.raises(ValidationError, match="less than or equal to 3"):
        Train(shares={4: {"SAME_YN": 1.0}})


def test_a_version_hands_its_recipes_shares_to_the_trainer(tmp_path):
    class Stating(VersionFolder):
        manifest = SimpleNamespace(recipe={"train": {"shares": {"3": {"VI_YN": 1.0}}}})

    class Older(VersionFolder):
        manifest = SimpleNamespace(recipe={"train": {"model": "tiny"}})

    (tmp_path / "data").mkdir()
    assert stated_shares(Stating(tmp_path)) == {3: {"VI_YN": 1.0}}
    assert stated_shares(Older(tmp_path)) == {}


def test_shares_leave_out_what_is_not_there_and_admit_what_nobody_planned():
    shares = shares_of(Stage(4, {"A": 0.6, "B": 0.2}), ["A", "NEW"])
    assert shares == {"A": pytest.approx(0.6), "NEW": pytest.approx(0.4)}


def test_groups_hold_every_dialogue_once_and_waste_little(toy_data):
    from tasks.training.tokens import encode, texts_of, train_tokenizer

    samples = [sample for rows in toy_data.stages.values() for sample in rows]
    encoded = encode(train_tokenizer(texts_of(samples), 300), samples, 8)
    groups = alike(encoded)
    assert sorted(id(sample) for group in groups for sample in group) == sorted(map(id, encoded))
    assert all(len(group[-1].ids) <= 1.35 * len(group[0].ids) + 4 for group in groups)
