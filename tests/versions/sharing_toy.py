"""A toy with one source that may not be passed on: whole in one remote, shared in another, and its raw data."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from versions_toy import IMAGES_EACH, crop, toy

from tasks.steps.publish import Published, publish
from tasks.steps.pull import pull

BOUND = "market1501"


class Made:
    """The whole version in one remote, the shared one in another, and the raw data of its bound source."""

    def __init__(self, base: Path) -> None:
        self.base, self.raw = base, raw_data(base / "raw")
        self.whole, self.shared = self.publish("whole", False), self.publish("shared", True)

    def publish(self, remote: str, share: bool) -> Published:
        made = toy(self.base / "store")
        bound = [
            replace(done, facts={**done.facts, "release_allowed": done.facts["source"] != BOUND})
            for done in made.ingests
        ]
        return publish(self.base / "store", made.recipe, made.staged, made.validated, bound, self.base / remote, share)

    def pull(self, to: str, **how: Any) -> Path:
        return pull(self.base / "shared", "toy@0.1.0", self.base / to, **how)


def raw_data(raw: Path) -> Path:
    home = raw / "Market-1501-v15.09.15"
    for folder in ("bounding_box_train", "bounding_box_test", "query"):
        (home / folder).mkdir(parents=True)
    for number in range(IMAGES_EACH):
        (home / f"{number:04d}.jpg").write_bytes(crop(number))
    return home


def listing(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
