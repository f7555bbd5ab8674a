import itertools

import numpy as np
import pytest

from tasks.scoring.bootstrap import interval
from tasks.scoring.chance import chance
from tasks.scoring.members import JUNK, NOBODY, members
from tasks.scoring.metrics import Rules, evaluate_scores
from tasks.scoring.rerank import reranked

METRICS = ["rank-1", "rank-2", "rank-5", "mAP", "mINP"]


DRAWN = Rules(cmc_variant="single_gallery_shot", n_draws=40)


@pytest.mark.parametrize("rules", [Rules(), Rules(ap_variant="trapezoid"), DRAWN, Rules(denominator="all")])
def test_chance_is_the_mean_over_every_order_of_the_gallery(rules):
    query = members([1, 1, 2, 5], camera=[0, 1, 1, 0])
    gallery = members([1, 1, 2, NOBODY, JUNK], camera=[1, 2, 0, 1, 1])
    orders = np.array(list(itertools.permutations(range(5))), dtype=np.float32)
    found = [evaluate_scores(np.repeat(order[None], 4, axis=0), query, gallery, rules) for order in orders]
    expected = chance(query, gallery, rules, METRICS)
    for name in METRICS:
        tolerance = 0.03 if rules.cmc_variant == "single_gallery_shot" and name.startswith("rank") else 1e-9
        assert expected[name] == pytest.approx(np.mean([run.value(name) for run in found]), abs=tolerance)


def test_chance_without_a_short_form_is_simulated_near_the_truth():
    rng = np.random.default_rng(0)
    gallery = members(rng.integers(0, 12, 200), camera=rng.integers(0, 3, 200))
    query = members(rng.integers(0, 12, 150), camera=rng.integers(0, 3, 150))
    for rules in (Rules(cmc_variant="id_dedup"), Rules(ap_topk=20)):
        found = chance(query, gallery, rules, METRICS)
        runs = [evaluate_scores(rng.random((150, 200)), query, gallery, rules) for _ in range(30)]
        for name in METRICS:
            assert found[name] == pytest.approx(np.mean([run.value(name) for run in runs]), abs=0.02)
        assert found == chance(query, gallery, rules, METRICS)


def test_chance_has_the_size_that_is_known_for_the_official_benchmarks():
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(1000), 3)
    texts = chance(
        members(people), members(np.append(people, rng.integers(0, 1000, 74))), Rules(junk_rule="none"), ["rank-1"]
    )
    assert texts["rank-1"] == pytest.approx(0.001, rel=0.1)
    few = members(np.repeat(np.arange(200), 5))
    assert chance(few, few, Rules(junk_rule="none"), ["rank-1"])["rank-1"] == pytest.approx(0.005)


def test_chance_without_a_valid_query_is_no_number():
    found = chance(members([3]), members([1]), Rules(), METRICS)
    assert all(np.isnan(value) for value in found.values())


def test_the_interval_holds_the_mean_and_is_a_function_of_the_values():
    rng = np.random.default_rng(2)
    values, persons = rng.random(300), rng.integers(0, 40, 300)
    low, high = interval(values, persons, seed=1)
    assert low < values.mean() < high
    assert 0.03 < high - low < 0.12
    assert interval(values, persons, seed=1) == (low, high)
    assert interval(values, persons, seed=2) != (low, high)


def test_persons_are_drawn_as_wholes_so_that_repeated_queries_do_not_narrow_the_interval():
    rng = np.random.default_rng(3)
    values, persons = rng.random(30), np.arange(30)
    once = interval(values, persons)
    assert interval(np.repeat(values, 20), np.repeat(persons, 20)) == pytest.approx(once)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(100):
        low, high = interval((rng.random(60) < 0.4).astype(float), np.arange(60))
        hits += low <= 0.4 <= high
    assert 88 <= hits <= 100


def test_queries_with_nothing_to_find_are_left_out_of_the_interval_or_counted_as_zero():
    values = np.array([1.0, 1.0, np.nan, np.nan])
    assert interval(values, np.arange(4)) == (1.0, 1.0)
    assert interval(values, np.arange(4), denominator="all")[0] < 1.0
    assert np.isnan(interval(np.array([np.nan]), np.array([0]))).all()


def test_reranking_moves_only_the_first_candidates():
    scores = np.array([[0.9, 0.8, 0.7, 0.1, 0.2], [0.1, 0.2, 0.3, 0.4, 0.5]], dtype=np.float32)
    asked = []

    def yes(rows, columns):
        asked.extend(zip(rows.tolist(), columns.tolist(), strict=True))
        return np.array([0.9 * (column == 2) for column in columns])

    found = reranked(lambda start, stop: scores[start:stop], yes, top=3)(0, 2)
    assert asked == [(0, 0), (0, 1), (0, 2), (1, 4), (1, 3), (1, 2)]
    assert np.argsort(-found, axis=1, kind="stable").tolist() == [[0, 2, 1, 4, 3], [4, 2, 3, 1, 0]]
    assert scores[0, 0] == np.float32(0.9)


def test_reranking_with_one_answer_for_all_keeps_the_order_and_ties_stay_in_gallery_order():
    rng = np.random.default_rng(5)
    scores = rng.integers(0, 5, (20, 30)).astype(np.float32)
    for top in (1, 7, 30, 99):
        same = reranked(lambda start, stop: scores[start:stop], lambda rows, columns: np.full(len(rows), 0.3), top)(
            0, 20
        )
        assert np.array_equal(np.argsort(-same, axis=1, kind="stable"), np.argsort(-scores, axis=1, kind="stable"))


def test_reranking_in_blocks_asks_about_the_right_queries():
    scores = np.eye(6, dtype=np.float32)
    seen = []

    def yes(rows, columns):
        seen.extend(rows.tolist())
        return np.zeros(len(rows))

    blocks = reranked(lambda start, stop: scores[start:stop], yes, top=2)
    blocks(0, 3), blocks(3, 6)
    assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
