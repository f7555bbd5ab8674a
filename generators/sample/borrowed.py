"""Pictures that a described dataset took from MSMT17, as ICFG-PEDES and RSTPReid did: the same people, the same bytes.

A layout that borrows has the name `msmt17` for the painter, so that its pictures are equal to those of the drawn
MSMT17 of the same size and seed.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread
from schemas.discovery import find

LENDER = "msmt17"
_FOLDERS = {"mask_train_v2": "train", "mask_test_v2": "test"}


def lender() -> Layout:
    """The layout of the drawn MSMT17."""
    found: Layout = find("generators.sample.layouts", "LAYOUT", LENDER)
    return found


def people(size_name: str, seed: int, borrower: str) -> list[list[Shot]]:
    """The pictures of each person of MSMT17, persons in an order that the borrower draws."""
    return [list(shots) for shots in Draws(seed, borrower, "people").shuffled(_people(size_name, seed))]


@lru_cache(maxsize=1)
def _people(size_name: str, seed: int) -> tuple[tuple[Shot, ...], ...]:
    of_person: dict[int, list[Shot]] = {}
    for shot in lender().shots(size_name, seed):
        of_person.setdefault(shot.person, []).append(shot)
    return tuple(tuple(shots) for shots in of_person.values())


def original(shot: Shot) -> str:
    """Where a picture of MSMT17 stands there, in the folder names of V1: `train/0005/0005_000_11_....jpg`."""
    folder, _, rest = shot.relpath.partition("/")
    return f"{_FOLDERS[folder]}/{rest}"


def shares(total: int, held: Sequence[int]) -> list[int]:
    """`total` pictures taken as evenly as possible from persons who have `held` of them."""
    taken = [0] * len(held)
    while (rest := total - sum(taken)) > 0:
        able = [i for i, most in enumerate(held) if taken[i] < most]
        for i, more in zip(able, spread(rest, len(able)), strict=True):
            taken[i] += min(more, held[i] - taken[i])
    return taken


def in_two(groups: Iterable[list[Shot]], extra: int) -> list[list[Shot]]:
    """The groups, the first `extra` large ones split in two: persons whom the borrower took for two."""
    found: list[list[Shot]] = []
    for shots in groups:
        if extra and len(shots) >= 4:
            found += [shots[::2], shots[1::2]]
            extra -= 1
        else:
            found.append(shots)
    return found
