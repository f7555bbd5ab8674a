"""A Hugging Face Hub in miniature, on loopback: the calls that publishing, pulling and `load_dataset` make."""

import base64
import contextlib
import hashlib
import json
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_only_for_this_test"


class Hub:
    """Repositories: commits (newest last) that map paths to digests, objects by digest, tags.

    `cut` refuses so many uploads; `reset` breaks so many connections in the middle of a large file, by method.
    """

    def __init__(self) -> None:
        self.repos: dict[str, list[dict[str, Any]]] = {}
        self.tags: dict[str, str] = {}
        self.objects: dict[str, bytes] = {}
        self.sent: list[str] = []
        self.cut = 0
        self.reset: Counter[str] = Counter()
        self.lock, self._resetting = threading.Lock(), threading.Lock()

    def breaks(self, method: str) -> bool:
        """Whether this request is one of those to break, which are counted down though several come at once."""
        with self._resetting:
            due = self.reset[method] > 0
            self.reset[method] -= due
        return due

    def commit(self, repo: str, lines: list[dict[str, Any]]) -> str | None:
        """The id of a new commit, or None when its parent is not the newest."""
        history, header = self.repos[repo], lines[0]["value"]
        head = history[-1] if history else {"id": None, "files": {}}
        if header.get("parentCommit") not in {None, head["id"]}:
            return None
        files = dict(head["files"])
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                data = base64.b64decode(value["content"])
                self.objects[hashlib.sha256(data).hexdigest()] = data
                files[value["path"]] = hashlib.sha256(data).hexdigest()
            elif line["key"] == "lfsFile":
                files[value["path"]] = value["oid"]
            else:
                del files[value["path"]]
        made = hashlib.sha1(json.dumps([header, files, len(history)]).encode()).hexdigest()
        history.append({"id": made, "title": header["summary"], "files": files})
        return made

    def at(self, repo: str, revision: str) -> dict[str, Any] | None:
        """The commit that a branch, tag or id names."""
        history = self.repos.get(repo, [])
        wanted = self.tags.get(revision, revision)
        return next((each for each in reversed(history) if wanted in {"main", each["id"]}), None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
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
        path = urlsplit(self.path).path
        if self.command == "PUT" and self.hub.breaks("PUT"):
            self.rfile.read(int(self.headers["content-length"]) // 2)
            self._break()
            return
        body = self._body()
        if self.headers.get("authorization") not in {f"Bearer {TOKEN}", None} or (
            self.command == "POST" and not self.headers.get("authorization") and "paths-info" not in path
        ):
            self._send(401, {"error": "Invalid username or password."})
            return
        for pattern, call in _CALLS:
            if found := re.fullmatch(pattern, f"{self.command} {path}"):
                with self.hub.lock:
                    call(self, body, *map(unquote, found.groups()))
                return
        self._send(404, {"error": f"no {self.command} {path}"})

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(ConnectionError):  # whoever has read enough may leave
                self.wfile.write(data)

    def _break(self) -> None:
        """End the connection at once, as a cable that is pulled does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    def _missing(self) -> None:
        self._send(404, {"error": "Repository not found"}, {"x-error-code": "RepoNotFound"})

    def create(self, body: bytes) -> None:
        asked = json.loads(body)
        repo = f"{asked['organization']}/{asked['name']}"
        known = repo in self.hub.repos
        self.hub.repos.setdefault(repo, [])
        self._send(409 if known else 200, {"url": f"http://{self.headers['host']}/datasets/{repo}"})

    def commits(self, body: bytes, repo: str) -> None:
        if repo not in self.hub.repos:
            self._missing()
            return
        made = [
            {"id": c["id"], "title": c["title"], "message": "", "date": "2026-01-01T00:00:00.000Z", "authors": []}
            for c in reversed(self.hub.repos[repo])
        ]
        self._send(200, made)

    def refs(self, body: bytes, repo: str) -> None:
        if repo not in self.hub.repos:
            self._missing()
            return
        tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": c} for n, c in self.hub.tags.items()]
        self._send(200, {"branches": [], "converts": [], "tags": tags})

    def info(self, body: bytes, repo: str, revision: str) -> None:
        found = self.hub.at(repo, revision)
        if not found:
            self._send(404, {"error": "Revision not found"}, {"x-error-code": "RevisionNotFound"})
            return
        siblings = [{"rfilename": path} for path in sorted(found["files"])]
        self._send(200, {"id": repo, "sha": found["id"], "private": True, "tags": [], "siblings": siblings})

    def tree(self, body: bytes, repo: str, revision: str, below: str = "") -> None:
        found = self.hub.at(repo, revision)
        home = f"{below}/" if below else ""
        files = {path: sha for path, sha in (found["files"] if found else {}).items() if path.startswith(home)}
        folders: set[str] = set()
        if "recursive=false" in self.path.lower():
            deeper = [path for path in files if "/" in path.removeprefix(home)]
            folders = {home + path.removeprefix(home).partition("/")[0] for path in deeper}
            files = {path: sha for path, sha in files.items() if path not in deeper}
        shown = [{"type": "directory", "path": path, "oid": "0" * 40} for path in sorted(folders)]
        self._send(200, [*shown, *(self._file(path, sha) for path, sha in sorted(files.items()))])

    def paths(self, body: bytes, repo: str, revision: str) -> None:
        asked = parse_qs(body.decode())["paths"] if not body.startswith(b"{") else json.loads(body)["paths"]
        found = self.hub.at(repo, revision)
        files = found["files"] if found else {}
        folders = [path for path in asked if any(name.startswith(f"{path}/") for name in files)]
        shown = [self._file(path, files[path]) for path in asked if path in files]
        self._send(200, [*shown, *({"type": "directory", "path": path, "oid": "0" * 40} for path in folders)])

    def _file(self, path: str, sha: str) -> dict[str, Any]:
        size = len(self.hub.objects.get(sha, b""))  # a file that was deleted for good stays in the listing
        large = {"lfs": {"oid": sha, "size": size, "pointerSize": 130}} if path.endswith(".parquet") else {}
        return {"type": "file", "path": path, "size": size, "oid": sha[:40], **large}

    def yaml(self, body: bytes) -> None:
        self._send(200, {})

    def preupload(self, body: bytes, repo: str) -> None:
        asked = json.loads(body)["files"]
        mode = {True: "lfs", False: "regular"}
        files = [
            {"path": f["path"], "uploadMode": mode[f["path"].endswith(".parquet")], "shouldIgnore": False}
            for f in asked
        ]
        self._send(200, {"files": files})

    def batch(self, body: bytes, repo: str) -> None:
        found = []
        for asked in json.loads(body)["objects"]:
            href = {"upload": {"href": f"http://{self.headers['host']}/objects/{asked['oid']}"}}
            found.append({**asked} if asked["oid"] in self.hub.objects else {**asked, "actions": href})
        self._send(200, {"transfer": "basic", "objects": found})

    def upload(self, body: bytes, oid: str) -> None:
        if self.hub.cut:
            self.hub.cut -= 1
            self._send(400, {"error": "the connection was lost"}, {"connection": "close"})
            return
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.objects[oid] = body
        self.hub.sent.append(oid)
        self._send(200, {})

    def commit(self, body: bytes, repo: str) -> None:
        made = self.hub.commit(repo, [json.loads(line) for line in body.splitlines()])
        where = f"http://{self.headers['host']}/datasets/{repo}/commit/{made}"
        self._send(200 if made else 412, {"commitUrl": where, "commitOid": made})

    def tag(self, body: bytes, repo: str, revision: str) -> None:
        name = json.loads(body)["tag"]
        known = name in self.hub.tags
        self.hub.tags.setdefault(name, revision)
        self._send(409 if known else 200, {})

    def resolve(self, body: bytes, repo: str, revision: str, path: str) -> None:
        found = self.hub.at(repo, revision)
        if not found or found["files"].get(path) not in self.hub.objects:
            self._send(404, {"error": "Entry not found"}, {"x-error-code": "EntryNotFound"})
            return
        sha = found["files"][path]
        if path.endswith(".parquet") and self.hub.breaks(self.command):
            self.send_response(200)
            self.send_header("content-length", str(len(self.hub.objects[sha])))
            self.end_headers()
            self.wfile.write(self.hub.objects[sha][: len(self.hub.objects[sha]) // 2])
            self._break()
            return
        self._send(200, self.hub.objects[sha], {"etag": f'"{sha}"', "x-repo-commit": found["id"]})

    def lfs_files(self, body: bytes, repo: str) -> None:
        made = [
            {
                "fileOid": oid,
                "filename": oid,
                "oid": oid,
                "pushedAt": "2026-01-01T00:00:00.000Z",
                "ref": None,
                "size": 1,
            }
            for oid in sorted(set(self.hub.sent) & self.hub.objects.keys())
        ]
        self._send(200, made)

    def delete(self, body: bytes, repo: str) -> None:
        for oid in json.loads(body)["deletions"]["sha"]:
            del self.hub.objects[oid]
        self._send(200, {})


_REPO = r"/api/datasets/([^/]+/[^/]+)"
_CALLS: list[tuple[str, Callable[..., None]]] = [
    (r"POST /api/repos/create", _Handler.create),
    (r"POST /api/validate-yaml", _Handler.yaml),
    (rf"GET {_REPO}/commits/main", _Handler.commits),
    (rf"GET {_REPO}/refs", _Handler.refs),
    (rf"GET {_REPO}/revision/([^/]+)", _Handler.info),
    (rf"GET {_REPO}/tree/([^/]+)", _Handler.tree),
    (rf"GET {_REPO}/tree/([^/]+)/(.+)", _Handler.tree),
    (rf"POST {_REPO}/paths-info/([^/]+)", _Handler.paths),
    (rf"POST {_REPO}/preupload/main", _Handler.preupload),
    (r"POST /datasets/([^/]+/[^/]+)\.git/info/lfs/objects/batch", _Handler.batch),
    (r"PUT /objects/([0-9a-f]{64})", _Handler.upload),
    (rf"POST {_REPO}/commit/main", _Handler.commit),
    (rf"POST {_REPO}/tag/([^/]+)", _Handler.tag),
    (r"(?:GET|HEAD) /datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", _Handler.resolve),
    (rf"GET {_REPO}/lfs-files", _Handler.lfs_files),
    (rf"POST {_REPO}/lfs-files/batch", _Handler.delete),
]


def serve(hub: Hub) -> ThreadingHTTPServer:
    """A running server for a hub; `server_port` says where. The caller shuts it down."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
