"""ORBench's two JSON files: who trains and with which captions, and what asks in which of 32 ways.

`train_annos.json` is a list of `{"id": 1, "file_path": "vis/0001/0001.jpg", "caption": "A man ..."}`.
`test_gallery_and_queries.json` is a dict: `RGB_GALLERY` lists `[person, path]`, and keys such as `SK`, `TEXT` or
`NIR+CP+TEXT` list `[person, item, ...]` whose items, paths and captions, follow the order of the key.

Identity is the folder (`vis/0001` and `sk/0001` are one person); the numbers in the files must agree with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from generators.caption_records import is_relative
from generators.raw_names import Repeated, strict_json
from schemas.errors import BadRawData, BadTable
from schemas.rows import Reject
from schemas.source import RawTree

TRAIN = "train_annos.json"
TEST = "test_gallery_and_queries.json"
GALLERY = "RGB_GALLERY"
TEXT = "TEXT"
_FOLDER_OF = {"NIR": "nir", "CP": "cp", "SK": "sk"}
_KINDS = (*_FOLDER_OF, TEXT)
_PATH = re.compile(r"(?P<folder>vis|nir|cp|sk)/(?P<pid>[0-9]{1,6})/[^/]+")


@dataclass(frozen=True, slots=True)
class Told:
    """One caption: its id, the image it is stored with, its person's folder, and the text as found.

    A tested person's caption does not say which image it describes (`is_paired` is false); it is stored with the
    person's first gallery image.
    """

    caption_id: str
    path: str
    pid: str
    raw: Any
    index: int
    is_paired: bool


@dataclass(slots=True)
class Lists:
    """What the two files say, filled by `read`.

    `train` and `gallery` give the person of each visible-light image; `queries[key]` lists the members of each query:
    image ids and caption ids in the order of the key. `where` tells which entry names a path.
    """

    train: dict[str, str] = field(default_factory=dict)
    gallery: dict[str, str] = field(default_factory=dict)
    captions: list[Told] = field(default_factory=list)
    queries: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    _first: dict[str, str] = field(default_factory=dict)
    _folders: dict[tuple[str, int], str] = field(default_factory=dict)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _texts: dict[tuple[str, str], str] = field(default_factory=dict)
    _times: dict[str, int] = field(default_factory=dict)

    def read(self, tree: RawTree) -> Iterator[Reject]:
        """Reads both files; what is wrong in them is refused, entry by entry."""
        for file, entries in ((TRAIN, self._train), (TEST, self._test)):
            try:
                faults = list(entries(strict_json(tree.read(file), file)))
            except (BadRawData, BadTable) as error:
                yield refusal("person_images", file, "damaged", str(error))
                continue
            for subject, fault in faults:
                yield refusal("person_images", subject, "bad_record", f"Refused because {fault}.")

    def splits(self) -> dict[str, str]:
        """train or test for each person; a person of both files is in none, for it would leak."""
        trained, tested = set(self.train.values()), set(self.gallery.values())
        found = dict.fromkeys(trained, "train") | dict.fromkeys(tested, "test")
        return found | dict.fromkeys(trained & tested, "none")

    def _train(self, content: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(content, list):
            raise BadTable(f"{TRAIN} holds {type(content).__name__}; a list of records was expected.")
        for number, record in enumerate(content, start=1):
            subject = f"{TRAIN} record {number}"
            if not isinstance(record, dict) or isinstance(record, Repeated):
                yield subject, "it is not an object with every key once"
                continue
            path = record.get("file_path")
            pid = self._person(TRAIN, record.get("id"), path, "vis")
            if not pid.isdigit():
                yield subject, pid
                continue
            self.train[str(path)] = pid
            self.where.setdefault(str(path), subject)
            index = self._times[str(path)] = self._times.get(str(path), -1) + 1
            caption_id = f"orbench/{path}#{index}"
            self.captions.append(Told(caption_id, str(path), pid, record.get("caption"), index, True))

    def _test(self, content: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(content, dict) or isinstance(content, Repeated):
            raise BadTable(f"{TEST} is not an object that gives every key once.")
        yield from self._read_gallery(content.get(GALLERY))
        for key in sorted(content):
            kinds = key.split("+")
            if key == GALLERY:
                continue
            if len(set(kinds)) != len(kinds) or not set(kinds) <= set(_KINDS):
                yield f"{TEST} {key[:60]}", f"{key[:60]!r} is no combination of {', '.join(_KINDS)}"
            else:
                yield from self._read_queries(key, kinds, content[key])

    def _read_gallery(self, entries: Any) -> Iterator[tuple[str, str]]:
        for subject, entry in _numbered(GALLERY, entries):
            path = entry[1] if isinstance(entry, list) and len(entry) == 2 else None
            pid = self._person(TEST, entry[0] if path is not None else None, path, "vis")
            if not pid.isdigit():
                yield subject, pid
                continue
            self.gallery[str(path)] = pid
            self.where.setdefault(str(path), subject)
            self._first.setdefault(pid, str(path))

    def _read_queries(self, key: str, kinds: list[str], entries: Any) -> Iterator[tuple[str, str]]:
        found = self.queries.setdefault(key, [])
        for subject, entry in _numbered(key, entries):
            if not isinstance(entry, list) or len(entry) != len(kinds) + 1:
                yield subject, f"it is not a person and {len(kinds)} items"
                continue
            members = [self._member(kind, entry[0], item) for kind, item in zip(kinds, entry[1:], strict=True)]
            faults = [fault for _, fault in members if fault]
            if faults:
                yield subject, faults[0]
                continue
            found.append(tuple(member for member, _ in members))

    def _member(self, kind: str, number: Any, item: Any) -> tuple[str, str]:
        """(id of an image or a caption, fault)."""
        if kind == TEXT:
            return self._caption(number, item)
        pid = self._person(TEST, number, item, _FOLDER_OF[kind])
        if not pid.isdigit():
            return "", pid
        self.where.setdefault(item, TEST)
        return f"orbench/{item}", ""

    def _caption(self, number: Any, text: Any) -> tuple[str, str]:
        pid = self._folders.get((TEST, number)) if type(number) is int else None
        if pid is None or pid not in self._first:
            return "", f"its person {number!r} has no image in {GALLERY}"[:300]
        if not isinstance(text, str) or not any(letter.isalpha() for letter in text):
            return "", f"the caption {text!r} says nothing"[:300]
        index = len(self._texts)
        caption_id = self._texts.setdefault((pid, text), f"orbench/{TEST}#{index:06d}")
        if len(self._texts) > index:
            self.captions.append(Told(caption_id, self._first[pid], pid, text, index, False))
        return caption_id, ""

    def _person(self, file: str, number: Any, path: Any, folder: str) -> str:
        """The folder of the person, as digits, or what is wrong as the end of a sentence."""
        found = _PATH.fullmatch(path) if isinstance(path, str) and is_relative(path) else None
        if found is None or found["folder"] != folder:
            return f"{path!r} is no path below {folder}/<person>/"[:300]
        if type(number) is not int or not 0 <= number <= 999_999_999:
            return f"its id {number!r} is not a person's number"[:300]
        pid = found["pid"]
        if self._folders.setdefault((file, number), pid) != pid:
            return f"its id {number} means the person of {self._folders[file, number]} and of {pid}"
        if self._numbers.setdefault((file, pid), number) != number:
            return f"the person of {pid} has the ids {self._numbers[file, pid]} and {number}"
        return pid


def refusal(table: str, subject: str, reason: str, detail: str) -> Reject:
    """A refusal of ORBench."""
    return Reject(table=table, source="orbench", subject=subject, reason=reason, detail=detail)


def _numbered(key: str, entries: Any) -> Iterator[tuple[str, Any]]:
    for number, entry in enumerate(entries if isinstance(entries, list) else [None], start=1):
        yield f"{TEST} {key} {number}", entry
