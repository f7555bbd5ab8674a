import itertools

import numpy as np
import pytest

from schemas.errors import BadScores, WrongUse
from schemas.keys import mix
from schemas.protocol import AP_VARIANTS, CMC_VARIANTS, JUNK_RULES, TIE_POLICIES
from tasks.scoring.members import JUNK, NOBODY, encode, members
from tasks.scoring.metrics import Rules, evaluate_scores

GOLDEN = [
    ("1000", 1.0, 1.0, 1.0),
    ("01", 0.5, 0.25, 0.5),
    ("0001", 0.25, 0.125, 0.25),
    ("01101", 0.588889, 0.461111, 0.6),
    ("11001", 0.866667, 0.85, 0.6),
]


def ranked_as(people, **columns):
    """A gallery in ranked order, with scores that fall from left to right."""
    gallery = members(people, **columns)
    return gallery, np.linspace(1, 0, len(people), dtype=np.float32)[None, :]


@pytest.mark.parametrize(("rel", "step", "trapezoid", "inp"), GOLDEN)
def test_the_golden_relevance_lists_give_the_published_values(rel, step, trapezoid, inp):
    gallery, scores = ranked_as([7 if hit == "1" else 100 + i for i, hit in enumerate(rel)])
    for variant, wanted in (("step", step), ("trapezoid", trapezoid)):
        found = evaluate_scores(scores, members([7]), gallery, Rules(junk_rule="none", ap_variant=variant))
        assert found.mAP == pytest.approx(wanted, abs=5e-7)
        assert found.mINP == pytest.approx(inp)
        assert found.cmc.tolist() == [float(k >= rel.index("1") + 1) for k in range(1, 51)]
        assert (found.bounds, found.n_tied) == (None, 0)


def test_the_market_example_drops_junk_and_keeps_distractors():
    people = [5, NOBODY, JUNK, 7, 7, NOBODY, 7, 8]
    gallery, scores = ranked_as(people, camera=[2, 3, 1, 1, 2, 1, 3, 2])
    for variant, wanted in (("step", 0.366667), ("trapezoid", 0.245833)):
        found = evaluate_scores(scores, members([7], camera=[1]), gallery, Rules(ap_variant=variant))
        assert found.mAP == pytest.approx(wanted, abs=5e-7)
        assert found.mINP == pytest.approx(0.4)
        assert found.per_query.first.tolist() == [[3]]


def test_the_sysu_example_drops_the_whole_place_and_counts_persons_once():
    gallery, scores = ranked_as([4, 4, 9, 6, 9, 9], place=[1, 4, 2, 5, 1, 5])
    query = members([9], place=[2])
    plain = evaluate_scores(scores, query, gallery, Rules(junk_rule="place_any_id"))
    dedup = evaluate_scores(scores, query, gallery, Rules(junk_rule="place_any_id", cmc_variant="id_dedup"))
    assert (plain.mAP, plain.mINP) == (pytest.approx(0.325), pytest.approx(0.4))
    assert (dedup.mAP, dedup.mINP) == (plain.mAP, plain.mINP)
    assert (plain.per_query.first.item(), dedup.per_query.first.item()) == (4, 3)
    assert (plain.cmc[2], dedup.cmc[2]) == (0.0, 1.0)


def test_a_window_of_raw_ranks_gives_the_distorted_figure_of_the_literature():
    people = [7, *range(1000, 1598), 2000, 7]
    people[599], people[600] = 7, 2000
    gallery, scores = ranked_as(people)
    full = evaluate_scores(scores, members([7]), gallery, Rules(junk_rule="none"))
    cut = evaluate_scores(scores, members([7]), gallery, Rules(junk_rule="none", ap_topk=500))
    assert full.mAP == pytest.approx(0.5017, abs=5e-5)
    assert cut.mAP == 1.0


def random_case(seed):
    """A benchmark full of ties, same-camera images, junk, distractors, and queries with nothing to find."""
    rng = np.random.default_rng(seed)
    n_query, n_gallery = int(rng.integers(1, 12)), int(rng.integers(1, 60))
    people = int(rng.integers(2, 9))
    sides = []
    for n, low in ((n_query, NOBODY), (n_gallery, JUNK)):
        person = rng.integers(low, people, n)
        outfit = rng.integers(0, 2, n)
        clothes = np.where((rng.random(n) < 0.15) | (person < 0), NOBODY, person * 2 + outfit)
        camera, place, tracklet = (rng.integers(NOBODY, 3, n) for _ in range(3))
        sides.append(members(person, camera, place, clothes, tracklet))
    levels = int(rng.integers(1, 7))
    scores = rng.integers(0, levels, (n_query, n_gallery)).astype(rng.choice([np.float32, np.float64]))
    return scores, *sides


RULE_SETS = list(itertools.product(JUNK_RULES, CMC_VARIANTS, AP_VARIANTS, (None, 7), TIE_POLICIES))


def test_every_combination_of_rules_equals_the_naive_reference_on_cases_full_of_ties(naive):
    assert len(RULE_SETS) == 7 * 3 * 2 * 2 * 4
    tied = 0
    for seed, (junk, cmc, ap, topk, ties) in enumerate(RULE_SETS):
        scores, query, gallery = random_case(seed)
        denominator = "all" if seed % 3 == 0 else "valid"
        rules = Rules(
            junk_rule=junk, cmc_variant=cmc, ap_variant=ap, ap_topk=topk, tie_policy=ties,
            denominator=denominator, seed=seed, n_draws=3,
        )  # fmt: skip
        found = evaluate_scores(scores, query, gallery, rules, block=1 + seed % 5)
        wanted = naive(scores, query, gallery, rules)
        if wanted is None:
            assert found.n_valid == 0
            assert np.isnan(found.mAP)
            continue
        assert found.n_valid == wanted[3]
        assert np.abs(found.cmc - wanted[0]).max() <= 1e-12
        assert abs(found.mAP - wanted[1]) <= 1e-12
        assert abs(found.mINP - wanted[2]) <= 1e-12
        tied += found.bounds is not None
    assert tied > 100


def test_the_bounds_are_the_figures_with_every_tie_lost_and_every_tie_won(naive):
    seen = 0
    for seed in range(40):
        scores, query, gallery = random_case(seed)
        rules = Rules(junk_rule="pid_cam", tie_policy="random", seed=seed)
        found = evaluate_scores(scores, query, gallery, rules)
        if found.bounds is None:
            continue
        seen += 1
        lost, won = (naive(scores, query, gallery, rules, policy) for policy in ("pessimistic", "optimistic"))
        assert found.bounds["mAP"] == pytest.approx((lost[1], won[1]), abs=1e-12)
        assert found.bounds["rank-1"] == pytest.approx((lost[0][0], won[0][0]), abs=1e-12)
        assert found.bounds["mAP"][0] - 1e-12 <= found.mAP <= found.bounds["mAP"][1] + 1e-12
    assert seen > 20


def test_equal_scores_of_right_images_alone_are_no_reason_for_bounds():
    found = evaluate_scores(np.array([[1.0, 1.0, 0.5]]), members([1]), members([1, 1, 2]), Rules(junk_rule="none"))
    assert found.bounds is None
    assert found.mAP == 1.0


def test_per_query_figures_stand_in_query_order_with_nan_for_queries_that_have_nothing_to_find():
    scores = np.array([[0.1, 0.9, 0.5], [0.1, 0.9, 0.5], [0.1, 0.9, 0.5]])
    found = evaluate_scores(scores, members([1, 5, 2]), members([1, 2, 3]), Rules(junk_rule="none"), block=2)
    assert found.per_query.ap == pytest.approx([1 / 3, np.nan, 1.0], nan_ok=True)
    assert found.per_query.first[:, 0].tolist() == [3, 0, 1]
    assert (found.n_query, found.n_valid, found.n_gallery) == (3, 2, 3)
    assert found.value("rank-1") == 0.5
    halved = evaluate_scores(scores, members([1, 5, 2]), members([1, 2, 3]), Rules(junk_rule="none", denominator="all"))
    assert halved.mAP == pytest.approx(found.mAP * 2 / 3)
    assert halved.value("rank-1") == pytest.approx(1 / 3)


def test_the_block_size_and_the_form_of_the_scores_change_nothing():
    scores, query, gallery = random_case(3)
    wide = np.repeat(np.repeat(scores, 3, axis=1), 7, axis=0)
    query, gallery = (members(np.tile(side.person, times)) for side, times in ((query, 7), (gallery, 3)))
    whole = evaluate_scores(wide, query, gallery, Rules())
    for block in (1, 5, 1000):
        found = evaluate_scores(lambda start, stop: wide[start:stop], query, gallery, Rules(), block)
        assert np.array_equal(found.cmc, whole.cmc, equal_nan=True)
        assert np.array_equal(found.per_query.ap, whole.per_query.ap, equal_nan=True)


def test_a_shuffled_gallery_gives_the_same_figures_when_nothing_is_tied():
    rng = np.random.default_rng(1)
    scores = rng.permutation(12 * 200).reshape(12, 200).astype(np.float64)
    person, camera = rng.integers(0, 15, 200), rng.integers(0, 4, 200)
    query = members(rng.integers(0, 15, 12), camera=rng.integers(0, 4, 12))
    shuffle = rng.permutation(200)
    one = evaluate_scores(scores, query, members(person, camera), Rules())
    two = evaluate_scores(scores[:, shuffle], query, members(person[shuffle], camera[shuffle]), Rules())
    assert (one.mAP, one.mINP, one.cmc.tolist()) == (two.mAP, two.mINP, two.cmc.tolist())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_refused_with_its_place(value):
    scores = np.zeros((5, 4), dtype=np.float32)
    scores[3, 2] = value
    with pytest.raises(BadScores, match=r"query 3 and gallery member 2 is (nan|-?inf): every score must be a finite"):
        evaluate_scores(scores, members([0] * 5), members([0] * 4), Rules(), block=2)


def test_scores_of_another_shape_or_kind_are_refused():
    with pytest.raises(BadScores, match=r"shape \(4, 5\), but 5 queries by 4 gallery members need \(5, 4\)"):
        evaluate_scores(np.zeros((4, 5)), members([0] * 5), members([0] * 4), Rules())
    with pytest.raises(BadScores, match="complex128"):
        evaluate_scores(np.zeros((5, 4), dtype=complex), members([0] * 5), members([0] * 4), Rules())
    with pytest.raises(BadScores, match="one row per query"):
        evaluate_scores(lambda start, stop: np.zeros((1, 4)), members([0] * 5), members([0] * 4), Rules())


def test_unknown_rules_are_refused_with_the_known_ones():
    with pytest.raises(WrongUse, match=r"no junk_rule 'pid_camera'\. Known: none, pid_cam"):
        Rules(junk_rule="pid_camera")
    with pytest.raises(WrongUse, match="no tie_policy 'lucky'"):
        Rules(tie_policy="lucky")


def test_no_query_and_no_gallery_give_no_figures_instead_of_a_failure():
    for n_query, n_gallery in ((0, 3), (3, 0), (0, 0)):
        for cmc in CMC_VARIANTS:
            rules = Rules(junk_rule="none", cmc_variant=cmc)
            found = evaluate_scores(
                np.zeros((n_query, n_gallery)), members([0] * n_query), members([0] * n_gallery), rules
            )
            assert (found.n_query, found.n_valid) == (n_query, 0)
            assert np.isnan(found.mAP)


def test_unknown_cameras_and_clothes_equal_nothing(naive):
    gallery, scores = ranked_as([1, 1], camera=[NOBODY, 2], clothes=[NOBODY, 4])
    asked = members([1], camera=[NOBODY], clothes=[3])
    assert evaluate_scores(scores, asked, gallery, Rules(junk_rule="pid_cam")).per_query.first.item() == 1
    changed = evaluate_scores(scores, asked, gallery, Rules(junk_rule="pid_cam_or_clothes"))
    assert changed.per_query.inp.tolist() == [1.0]
    assert naive(scores, asked, gallery, Rules(junk_rule="pid_cam_or_clothes"))[1] == 1.0


def test_names_become_codes_that_both_sides_share():
    query, gallery = encode(
        {"person": ["a", None], "camera": ["c1", "c2"]}, {"person": ["b", "a", None], "camera": [None, "c2", "c1"]}
    )
    assert query.person.tolist() == [0, NOBODY]
    assert gallery.person.tolist() == [1, 0, NOBODY]
    assert gallery.camera.tolist() == [NOBODY, 1, 0]
    assert query.clothes.tolist() == [NOBODY, NOBODY]


def test_the_drawn_galleries_use_the_mixer_of_the_keys_module():
    from tasks.scoring.kernel import _word

    word = np.uint64(0)
    for key in (5, 9, 2**63):
        word = np.uint64(_word(word, np.uint64(key)))
    assert word == mix(5, 9, 2**63)[0]
