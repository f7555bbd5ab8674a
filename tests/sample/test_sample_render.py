"""The pictures: deterministic, varied by camera, and showing what the labels say."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.sample.draws import Draws
from generators.sample.layout import seen_by, spread
from generators.sample.people import draw_outfit, draw_person
from generators.sample.render import Scene, render
from schemas.keys import mix, seed_of, uniform


def _scene(person: int = 3, outfit: int = 1, camera: int = 2, take: int = 5, infrared: bool = False) -> Scene:
    return Scene(7, "ltcc", person=person, outfit=outfit, camera=camera, take=take, infrared=infrared)


def test_equal_scenes_give_equal_pixels_in_any_order() -> None:
    first = [render(_scene(take=take)) for take in (1, 2, 3)]
    again = [render(_scene(take=take)) for take in (3, 2, 1)][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[1])


def test_a_picture_has_the_asked_size_and_infrared_is_one_channel() -> None:
    picture = render(Scene(7, "ltcc", person=1, outfit=1, camera=4, take=1, width=52, height=140))
    assert picture.shape == (140, 52, 3)
    dark = render(_scene(infrared=True))
    assert (dark[..., 0] == dark[..., 1]).all()
    assert (dark[..., 0] == dark[..., 2]).all()


def test_every_person_can_be_drawn_by_every_camera() -> None:
    drawn = 0
    for person in range(-2, 40):
        for camera in range(1, 4):
            picture = render(_scene(person=person, camera=camera, take=person + 9, infrared=camera == 3))
            assert picture.std() > 5
            drawn += 1
    assert drawn == 126


def test_the_body_stays_and_the_clothes_change() -> None:
    person = draw_person(7, "ltcc", 4)
    assert draw_person(7, "ltcc", 4) == person
    looks = {draw_outfit(7, "ltcc", 4, outfit).attributes()["upper_color_primary"] for outfit in range(1, 8)}
    assert len(looks) > 2


def test_persons_of_two_sources_are_different_people() -> None:
    bodies = {draw_person(7, source, n).body for source in ("ltcc", "market1501") for n in range(200)}
    assert len(bodies) == 400


def test_attributes_are_roughly_balanced() -> None:
    persons = [draw_person(7, "ltcc", n) for n in range(600)]
    outfits = [draw_outfit(7, "ltcc", n, 1) for n in range(600)]
    for share, low, high in (
        (np.mean([p.gender == "feminine" for p in persons]), 0.42, 0.58),
        (np.mean([p.build == "heavy" for p in persons]), 0.25, 0.42),
        (np.mean([o.upper_color == "red" for o in outfits]), 0.05, 0.14),
        (np.mean([o.bag == "backpack" for o in outfits]), 0.19, 0.33),
    ):
        assert low < share < high


@given(st.integers(0, 5000), st.integers(1, 300))
def test_spreading_keeps_the_total_and_is_even(total: int, parts: int) -> None:
    counts = spread(total, parts)
    assert sum(counts) == total
    assert max(counts) - min(counts) <= 1


@settings(max_examples=30)
@given(st.integers(2, 40), st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(0, 99))
def test_nobody_is_seen_much_more_often_than_another(persons: int, counts: list[int], seed: int) -> None:
    wanted = {camera: min(count, persons) for camera, count in enumerate(counts, start=1)}
    seen = seen_by(Draws(seed), range(persons), wanted)
    assert {camera: len(found) for camera, found in seen.items()} == wanted
    times = [sum(person in found for found in seen.values()) for person in range(persons)]
    assert max(times) - min(times) <= 1


def test_streams_depend_on_their_key_alone() -> None:
    first, second = Draws("a", 1), Draws("a", 1)
    assert [first.number() for _ in range(200)] == [second.number() for _ in range(200)]
    assert Draws("a", 1).number() != Draws("a", 2).number()
    assert sorted(Draws("b").shuffled(range(9))) == list(range(9))


def test_a_stream_is_the_projects_keyed_mixer() -> None:
    draws = Draws("ltcc", 5)
    expected = uniform(mix(seed_of("ltcc", 5), np.arange(50, dtype=np.uint64)))
    assert [draws.number() for _ in range(50)] == expected.tolist()
