"""What a Hugging Face Hub in miniature holds, and the commits that it refuses as the real one does."""

import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

TOKEN = "hf_only_for_this_test"
FOREIGN = "hf_of_somebody_else"
_ATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"


class Refused(Exception):
    """A status that is no success, with the code and the words that the Hub sends beside it."""

    def __init__(self, status: int, words: str, code: str = "") -> None:
        super().__init__(words)
        self.status, self.words = status, words
        self.headers = {"x-error-message": words} | ({"x-error-code": code} if code else {})


class Hub:
    """Repositories: commits (newest last) that map paths to digests, objects by digest, tags.

    `cut` refuses so many uploads; `reset` breaks so many connections in the middle of a large file, by method; `busy`
    answers so many requests of a method that there were too many, `strange` with a page that is no answer. `asked`
    lists every request, `seen` every token and which host got it.
    """

    def __init__(self) -> None:
        self.repos: dict[str, list[dict[str, Any]]] = {}
        self.tags: dict[str, str] = {}
        self.objects: dict[str, bytes] = {}
        self.large: dict[str, int] = {}
        self.sent: list[str] = []
        self.asked: list[str] = []
        self.seen: set[tuple[str, str]] = set()
        self.private: set[str] = set()
        self.cut = 0
        self.reset: Counter[str] = Counter()
        self.busy: Counter[str] = Counter()
        self.strange: Counter[str] = Counter()
        self.storage = ""
        self.lock, self._counting = threading.Lock(), threading.Lock()

    def due(self, counts: Counter[str], method: str) -> bool:
        """Whether this request is one of those to fail, which are counted down though several come at once."""
        with self._counting:
            due = counts[method] > 0
            counts[method] -= due
        return due

    def create(self, repo: str, private: bool) -> None:
        """A new repository, with the commit that the Hub begins each one with."""
        self.repos[repo] = []
        if private:
            self.private.add(repo)
        first = {"content": base64.b64encode(_ATTRIBUTES).decode(), "path": ".gitattributes", "encoding": "base64"}
        self.commit(repo, [{"key": "header", "value": {"summary": "initial commit"}}, {"key": "file", "value": first}])

    def commit(self, repo: str, lines: list[dict[str, Any]]) -> str:
        """The id of a new commit. Raises Refused when its parent is not the newest or a file of it is not there."""
        history, header = self.repos[repo], lines[0]["value"]
        head = history[-1] if history else {"id": None, "files": {}}
        if header.get("parentCommit") not in {None, head["id"]}:
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        files = dict(head["files"])
        for line in lines[1:]:
            self._change(files, line["key"], line["value"])
        made = hashlib.sha1(json.dumps([header, files, len(history)]).encode()).hexdigest()
        history.append({"id": made, "title": header["summary"], "files": files})
        return made

    def _change(self, files: dict[str, str], key: str, value: Mapping[str, Any]) -> None:
        path = value["path"]
        if key == "file":
            data = base64.b64decode(value["content"])
            files[path] = hashlib.sha256(data).hexdigest()
            self.objects[files[path]] = data
        elif key == "lfsFile":
            if self.large.get(value["oid"]) != value["size"]:
                raise Refused(
                    400, "Your push was rejected because an LFS pointer pointed to a file that does not exist"
                )
            files[path] = value["oid"]
        elif files.pop(path, None) is None:
            raise Refused(404, "A file with this name doesn't exist", "EntryNotFound")

    def at(self, repo: str, revision: str) -> dict[str, Any]:
        """The commit that a branch, tag or id names. Raises Refused for none."""
        wanted = self.tags.get(revision, revision)
        for each in reversed(self.repos[repo]):
            if wanted in {"main", each["id"]}:
                return each
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
