"""A Hugging Face Hub in miniature, on loopback: the calls that publishing, pulling and `load_dataset` make.

It answers as the real one does where a client could tell: new repositories begin with a commit, listings come in
pages, private ones are denied without a token (401) and unknown to a foreign one (404), files of unchanged content are
named by their ids, large files lie on a host of their own that takes no token, and a commit is refused when its parent
is not the newest or a large file of it never came. Xet and uploads in several parts are not spoken.
"""

import base64
import contextlib
import hashlib
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import yaml
from hub_state import FOREIGN, TOKEN, Hub, Refused

PAGE = 7
_DATE = "2026-01-01T00:00:00.000Z"


class _Base(BaseHTTPRequestHandler):
    """What the Hub and the host of its large files have in common."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every body waits 40 ms for the client to acknowledge the headers
    hub: Hub

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.hub.asked.append(f"{self.command} {self.path}")
        try:
            self.answer()
        except Refused as refused:
            self.send(refused.status, {"error": refused.words}, refused.headers)

    def answer(self) -> None:
        raise NotImplementedError

    def body(self) -> bytes:
        if "transfer-encoding" in self.headers:
            self.close_connection = True
            raise Refused(501, "A header you provided implies functionality that is not implemented")
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def send(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(ConnectionError):  # whoever has read enough may leave
                self.wfile.write(data)

    def snap(self) -> None:
        """End the connection at once, as a cable that is pulled does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()


class _Storage(_Base):
    """The host of large files: signed addresses, and no other way to say who one is."""

    def answer(self) -> None:
        oid = urlsplit(self.path).path.strip("/")
        if token := self.headers.get("authorization"):
            self.hub.seen.add(("storage", token))
            self.body()
            raise Refused(400, "Only one auth mechanism allowed")
        if self.command == "PUT":
            self._take(oid)
        elif oid not in self.hub.objects:
            raise Refused(404, "NoSuchKey")
        else:
            self._give(self.hub.objects[oid])

    def _take(self, oid: str) -> None:
        if self.hub.due(self.hub.reset, "PUT"):
            self.rfile.read(int(self.headers["content-length"]) // 2)
            self.snap()
            return
        data = self.body()
        with self.hub.lock:
            if self.hub.cut:
                self.hub.cut -= 1
                self.send(400, {"error": "the connection was lost"}, {"connection": "close"})
                return
            if hashlib.sha256(data).hexdigest() != oid:
                raise Refused(400, "BadDigest")
            self.hub.objects[oid] = data
            self.hub.sent.append(oid)
        self.send(200, b"")

    def _give(self, data: bytes) -> None:
        if self.command == "GET" and self.hub.due(self.hub.reset, "GET"):
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            self.snap()
        elif part := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", "")):
            first, last = int(part[1]), min(int(part[2] or len(data) - 1), len(data) - 1)
            self.send(206, data[first : last + 1], {"content-range": f"bytes {first}-{last}/{len(data)}"})
        else:
            self.send(200, data)


class _Handler(_Base):
    """The Hub itself."""

    def answer(self) -> None:
        body, path = self.body(), urlsplit(self.path).path
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        self.hub.seen.add(("hub", token))
        if token not in {TOKEN, FOREIGN, ""}:
            raise Refused(401, "Invalid credentials in Authorization header")
        if self.hub.due(self.hub.busy, self.command):
            self.send(429, {"error": "Too many requests"}, {"retry-after": "0", "ratelimit": '"api";r=0;t=0'})
            return
        if self.hub.due(self.hub.strange, self.command):
            self.send(200, b"<html>Sign in to this network</html>", {"content-type": "text/html"})
            return
        for pattern, call, writes in _CALLS:
            if found := re.fullmatch(pattern, f"{self.command} {path}"):
                with self.hub.lock:
                    self._admit(token, found.groupdict().get("repo"), writes)
                    call(self, body, *map(unquote, (each for each in found.groups() if each is not None)))
                return
        raise Refused(404, f"no {self.command} {path}")

    def _admit(self, token: str, repo: str | None, writes: bool) -> None:
        """Without a token a private repository and none are the same 401; a stranger's token sees no private one."""
        hidden = repo is not None and (repo not in self.hub.repos or repo in self.hub.private)
        if not token and (hidden or writes):
            raise Refused(401, "Invalid username or password.", "RepoNotFound" if repo else "")
        if repo is not None and (repo not in self.hub.repos or (token == FOREIGN and hidden)):
            raise Refused(404, "Repository not found", "RepoNotFound")
        if writes and token == FOREIGN:
            raise Refused(403, "You don't have the rights to create or change a dataset under the namespace 'lab'")

    def _pages(self, found: Sequence[Any]) -> None:
        """A page of a listing, and where the next one is."""
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        first = int(asked.get("cursor", ["0"])[0])
        more = {k: v[0] for k, v in asked.items() if k != "cursor"} | {"cursor": str(first + PAGE)}
        link = "&".join(f"{key}={quote(value)}" for key, value in more.items())
        there = f'<http://{self.headers["host"]}{parts.path}?{link}>; rel="next"'
        self.send(200, found[first : first + PAGE], {"link": there} if first + PAGE < len(found) else {})

    def create(self, body: bytes) -> None:
        asked = json.loads(body)
        repo = f"{asked['organization']}/{asked['name']}"
        if repo in self.hub.repos:
            self.send(409, {"error": "You already created this dataset repo", "url": self._url(repo)})
            return
        assert asked["type"] == "dataset"
        self.hub.create(repo, asked.get("visibility") == "private")
        self.send(200, {"url": self._url(repo), "name": repo})

    def _url(self, repo: str) -> str:
        return f"http://{self.headers['host']}/datasets/{repo}"

    def yaml(self, body: bytes) -> None:
        front = json.loads(body)["content"].split("---")
        known = isinstance(yaml.safe_load(front[1]) if len(front) > 2 else None, dict)
        self.send(200 if known else 400, {"errors": [] if known else [{"message": "bad YAML"}], "warnings": []})

    def commits(self, body: bytes, repo: str) -> None:
        made = [{"id": c["id"], "title": c["title"], "message": ""} for c in reversed(self.hub.repos[repo])]
        self._pages([each | {"date": _DATE, "authors": [{"user": "lab"}]} for each in made])

    def refs(self, body: bytes, repo: str) -> None:
        head = {"name": "main", "ref": "refs/heads/main", "targetCommit": self.hub.repos[repo][-1]["id"]}
        tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": c} for n, c in self.hub.tags.items()]
        self.send(200, {"branches": [head], "converts": [], "tags": tags})

    def info(self, body: bytes, repo: str, revision: str = "main") -> None:
        found = self.hub.at(repo, revision)
        facts = {"id": repo, "sha": found["id"], "private": repo in self.hub.private, "gated": False, "disabled": False}
        siblings = [{"rfilename": path} for path in sorted(found["files"])]
        self.send(200, facts | {"tags": [], "siblings": siblings, "lastModified": _DATE, "createdAt": _DATE})

    def tree(self, body: bytes, repo: str, revision: str, below: str = "") -> None:
        home, held = f"{below}/" if below else "", self.hub.at(repo, revision)["files"]
        files = {path: sha for path, sha in held.items() if path.startswith(home)}
        if below and not files:
            raise Refused(404, f"{below} does not exist on {revision!r}", "EntryNotFound")
        folders: set[str] = set()
        if "recursive=true" not in self.path.lower():
            deeper = [path for path in files if "/" in path.removeprefix(home)]
            folders = {home + path.removeprefix(home).partition("/")[0] for path in deeper}
            files = {path: sha for path, sha in files.items() if path not in deeper}
        self._pages([*map(_folder, sorted(folders)), *(self._file(path, sha) for path, sha in sorted(files.items()))])

    def paths(self, body: bytes, repo: str, revision: str) -> None:
        asked = parse_qs(body.decode())["paths"] if not body.startswith(b"{") else json.loads(body)["paths"]
        files = self.hub.at(repo, revision)["files"]
        folders = [path for path in asked if any(name.startswith(f"{path}/") for name in files)]
        self.send(200, [*(self._file(path, files[path]) for path in asked if path in files), *map(_folder, folders)])

    def _file(self, path: str, sha: str) -> dict[str, Any]:
        data = self.hub.objects.get(sha)  # a large file that was deleted for good stays in the listing
        size = len(data) if data is not None else self.hub.large[sha]
        if _is_large(path, size):
            return {"type": "file", "path": path, "size": size, "oid": sha[:40]} | {
                "lfs": {"oid": sha, "size": size, "pointerSize": 130}
            }
        return {"type": "file", "path": path, "size": size, "oid": _blob_id(data or b"")}

    def preupload(self, body: bytes, repo: str) -> None:
        self.send(200, {"files": [self._mode(repo, **each) for each in json.loads(body)["files"]]})

    def _mode(self, repo: str, path: str, sample: str, size: int) -> dict[str, Any]:
        """How a file is to be sent, and the id of what lies there now: what has not changed is not sent again."""
        assert len(base64.b64decode(sample)) == min(size, 512)
        large, held = _is_large(path, size), self.hub.repos[repo][-1]["files"].get(path)
        known = {} if held is None else {"oid": held if large else _blob_id(self.hub.objects[held])}
        return {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False} | known

    def batch(self, body: bytes, repo: str) -> None:
        asked = json.loads(body)
        assert (asked["operation"], asked["hash_algo"]) == ("upload", "sha256")
        self.send(200, {"transfer": "basic", "objects": [self._actions(repo, each) for each in asked["objects"]]})

    def _actions(self, repo: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if self.hub.large.get(asked["oid"]) == asked["size"] and asked["oid"] in self.hub.objects:
            return dict(asked)
        there = {"href": f"{self.hub.storage}/{asked['oid']}?signature=toy"}
        verify = {"href": f"http://{self.headers['host']}/datasets/{repo}.git/info/lfs/objects/verify"}
        return {**asked, "actions": {"upload": there, "verify": verify}}

    def verify(self, body: bytes, repo: str) -> None:
        asked = json.loads(body)
        if len(self.hub.objects.get(asked["oid"], b"")) != asked["size"]:
            raise Refused(422, "The size of the object differs")
        self.hub.large[asked["oid"]] = asked["size"]
        self.send(200, {})

    def commit(self, body: bytes, repo: str) -> None:
        assert self.headers["content-type"] == "application/x-ndjson"
        made = self.hub.commit(repo, [json.loads(line) for line in body.splitlines()])
        self.send(200, {"success": True, "commitUrl": f"{self._url(repo)}/commit/{made}", "commitOid": made})

    def tag(self, body: bytes, repo: str, revision: str) -> None:
        name, found = json.loads(body)["tag"], self.hub.at(repo, revision)
        if name in self.hub.tags:
            raise Refused(409, "Tag reference exists already")
        self.hub.tags[name] = found["id"]
        self.send(201, b"")

    def resolve(self, body: bytes, repo: str, revision: str, path: str) -> None:
        found = self.hub.at(repo, revision)
        sha = found["files"].get(path)
        if sha is None:
            raise Refused(404, "Entry not found", "EntryNotFound")
        data = self.hub.objects.get(sha)
        size = len(data) if data is not None else self.hub.large[sha]
        about = {"x-repo-commit": found["id"], "accept-ranges": "bytes"}
        if _is_large(path, size):
            linked = {"x-linked-etag": f'"{sha}"', "x-linked-size": str(size)}
            self.send(302, b"", about | linked | {"location": f"{self.hub.storage}/{sha}?signature=toy"})
        elif "/resolve/" in self.path:
            self.send(307, b"", about | {"location": f"/api/resolve-cache/datasets/{repo}/{found['id']}/{quote(path)}"})
        else:
            self.send(200, data, about | {"etag": f'"{_blob_id(data or b"")}"'})

    def lfs_files(self, body: bytes, repo: str) -> None:
        held = sorted(set(self.hub.sent) & self.hub.objects.keys())
        made = [{"fileOid": oid, "filename": oid, "oid": oid, "size": len(self.hub.objects[oid])} for oid in held]
        self._pages([each | {"pushedAt": _DATE, "ref": None} for each in made])

    def delete(self, body: bytes, repo: str) -> None:
        for oid in json.loads(body)["deletions"]["sha"]:
            del self.hub.objects[oid]
        self.send(200, {})


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "oid": "0" * 40}


def _is_large(path: str, size: int) -> bool:
    return size > 0 and (path.endswith(".parquet") or size > 10_000_000)


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


_NAME = r"(?P<repo>[^/]+/[^/]+)"
_REPO = rf"/api/datasets/{_NAME}"
_LFS = rf"/datasets/{_NAME}\.git/info/lfs/objects"
_CALLS: list[tuple[str, Callable[..., None], bool]] = [
    (r"POST /api/repos/create", _Handler.create, True),
    (r"POST /api/validate-yaml", _Handler.yaml, False),
    (rf"GET {_REPO}", _Handler.info, False),
    (rf"GET {_REPO}/commits/main", _Handler.commits, False),
    (rf"GET {_REPO}/refs", _Handler.refs, False),
    (rf"GET {_REPO}/revision/([^/]+)", _Handler.info, False),
    (rf"GET {_REPO}/tree/([^/]+)(?:/(.+))?", _Handler.tree, False),
    (rf"POST {_REPO}/paths-info/([^/]+)", _Handler.paths, False),
    (rf"POST {_REPO}/preupload/main", _Handler.preupload, True),
    (rf"POST {_LFS}/batch", _Handler.batch, True),
    (rf"POST {_LFS}/verify", _Handler.verify, True),
    (rf"POST {_REPO}/commit/main", _Handler.commit, True),
    (rf"POST {_REPO}/tag/([^/]+)", _Handler.tag, True),
    (rf"(?:GET|HEAD) /datasets/{_NAME}/resolve/([^/]+)/(.+)", _Handler.resolve, False),
    (rf"(?:GET|HEAD) /api/resolve-cache/datasets/{_NAME}/([^/]+)/(.+)", _Handler.resolve, False),
    (rf"GET {_REPO}/lfs-files", _Handler.lfs_files, False),
    (rf"POST {_REPO}/lfs-files/batch", _Handler.delete, True),
]


@contextlib.contextmanager
def serve(hub: Hub) -> Iterator[str]:
    """The address of a running hub; its large files lie on a second one."""
    with _running(type("Storage", (_Storage,), {"hub": hub})) as storage:
        hub.storage = storage
        with _running(type("Handler", (_Handler,), {"hub": hub})) as place:
            yield place


@contextlib.contextmanager
def _running(handler: type[_Base]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
