"""The slow reference: one query at a time, one image at a time, straight from the definitions."""

import numpy as np
import pytest

from schemas.keys import mix, order, seed_of
from tasks.scoring.members import JUNK, NOBODY


def is_junk(rule, query, q, gallery, g):
    def same(column):
        value = getattr(query, column)[q]
        return value != NOBODY and value == getattr(gallery, column)[g]

    if gallery.person[g] == JUNK:
        return True
    if rule == "place_any_id":
        return same("place")
    if not same("person") or rule == "none":
        return False
    if rule in ("pid_cam", "pid_place", "pid_tracklet"):
        return same({"pid_cam": "camera", "pid_place": "place", "pid_tracklet": "tracklet"}[rule])
    unknown = NOBODY in (query.clothes[q], gallery.clothes[g])
    if rule == "pid_cam_or_clothes":
        return same("camera") or same("clothes") or unknown
    return same("camera") or not same("clothes")


def ranked(scores, query, q, gallery, rules, policy):
    """The gallery of one query, best first, ties by the policy."""
    n = len(gallery)
    place = np.arange(n)
    if policy == "random":
        place[order(mix(seed_of("ties", rules.seed), np.arange(n, dtype=np.uint64)))] = np.arange(n)

    def key(g):
        right = gallery.person[g] == query.person[q] and not is_junk(rules.junk_rule, query, q, gallery, g)
        favour = {"pessimistic": int(right), "optimistic": int(not right)}.get(policy, 0)
        return (-scores[q, g], favour, place[g])

    return sorted(range(n), key=key)


def average_precision(rel, variant="step"):
    ranks = [r for r, hit in enumerate(rel, 1) if hit]
    total = 0.0
    for i, r in enumerate(ranks, 1):
        before = 1.0 if r == 1 else (i - 1) / (r - 1)
        total += i / r if variant == "step" else (before + i / r) / 2
    return total / len(ranks)


def first_hits(kept, rel, query_person, gallery, rules, q):
    if rules.cmc_variant == "id_dedup":
        seen, shorter = set(), []
        for g, hit in zip(kept, rel, strict=True):
            who = gallery.person[g] if gallery.person[g] >= 0 else ("nobody", g)
            if who not in seen:
                seen.add(who)
                shorter.append(hit)
        return [shorter.index(True) + 1]
    if rules.cmc_variant == "single_gallery_shot":
        return [_drawn_hit(kept, query_person, gallery, rules, q, draw) for draw in range(rules.n_draws)]
    return [rel.index(True) + 1]


def _drawn_hit(kept, query_person, gallery, rules, q, draw):
    base = mix(seed_of("single_gallery_shot", rules.seed), np.uint64(q))[0]
    chosen = {}
    for g in sorted(kept):
        word = int(_chain(base, draw, g))
        who = gallery.person[g] if gallery.person[g] >= 0 else ("nobody", g)
        if who not in chosen or word < chosen[who][0]:
            chosen[who] = (word, g)
    images = {g for _, g in chosen.values()}
    return 1 + [gallery.person[g] == query_person for g in kept if g in images].index(True)


def _chain(word, *keys):
    """Further rounds of the project's mixer on a word, written out again."""
    mask = (1 << 64) - 1
    state = int(word)
    for key in keys:
        z = ((state ^ key) + 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        state = z ^ (z >> 31)
    return state


def one_query(scores, query, q, gallery, rules, policy):
    """(AP, INP, first hits) of one query, or None when it has nothing to find."""
    raw = ranked(scores, query, q, gallery, rules, policy)
    kept = [g for g in raw if not is_junk(rules.junk_rule, query, q, gallery, g)]
    who = query.person[q]
    rel = [who >= 0 and gallery.person[g] == who for g in kept]
    if not any(rel):
        return None
    firsts = first_hits(kept, rel, who, gallery, rules, q)
    last = max(r for r, hit in enumerate(rel, 1) if hit)
    if rules.ap_topk is None:
        return average_precision(rel, rules.ap_variant), sum(rel) / last, firsts
    window = [g for g in raw[: rules.ap_topk] if not is_junk(rules.junk_rule, query, q, gallery, g)]
    inside = [gallery.person[g] == who for g in window]
    ap = average_precision(inside, rules.ap_variant) if any(inside) else 0.0
    return ap, sum(rel) / last, firsts


def naive_figures(scores, query, gallery, rules, policy=None):
    """(CMC up to 50, mAP, mINP, valid queries) of a score matrix."""
    found = [one_query(scores, query, q, gallery, rules, policy or rules.tie_policy) for q in range(len(query))]
    valid = [value for value in found if value is not None]
    total = len(found) if rules.denominator == "all" else len(valid)
    if not valid:
        return None
    cmc = [sum(np.mean([first <= k for first in value[2]]) for value in valid) / total for k in range(1, 51)]
    return np.array(cmc), sum(v[0] for v in valid) / total, sum(v[1] for v in valid) / total, len(valid)


@pytest.fixture
def naive():
    """The reference as a function of scores, query, gallery, rules and tie policy."""
    return naive_figures
