"""A remote that is a dataset repository of a Hugging Face Hub: hub://organisation/name.

A version is a commit with its files at the root, so that `load_dataset("organisation/name", revision="1.2.0")` works;
the commit's title names its digest, and a tag, created once, is its reference. Taken back versions stand in
`revoked.json` of the main branch. The token comes from HF_TOKEN alone and the address from HF_ENDPOINT.

The hub keeps its history: nothing of it is garbage, and `drop` deletes the stored large files of a version for good.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from schemas.errors import DigestMismatch, NotWritable, UnknownVersion, Unreachable, WrongUse
from schemas.keys import canonical_json
from schemas.manifest import FileEntry, Manifest, Revocation
from tasks.versions.manifest import MANIFEST, MAX_MANIFEST_BYTES, digest_of, load_manifest
from tasks.versions.reference import by_number, read_revocation, revocation_record
from tasks.versions.verify import created, refuse_difference, refuse_other, refuse_other_content

REVOKED = "revoked.json"
_KIND = "dataset"
_MAIN = "main"
_OURS = {REVOKED, ".gitattributes"}
_PLACE = re.compile(r"hub://(?P<repo>[A-Za-z0-9][\w.-]{0,95}/(?P<name>[A-Za-z0-9][\w.-]{0,95}))/?")
_TITLE = re.compile(r"\S+ sha256:([0-9a-f]{64})")
_TRIES = 3
_SECONDS = 60
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class HubRemote:
    """The versions of one dataset, in one dataset repository."""

    api: Any
    repo: str

    @classmethod
    def at(cls, url: str) -> "HubRemote":
        """The repository at hub://organisation/name. Raises WrongUse for any other form."""
        from huggingface_hub import HfApi

        parts = _PLACE.fullmatch(url)
        if not parts:
            raise WrongUse(f"The remote {url!r} names no repository: write hub://organisation/name.")
        endpoint = os.environ.get("HF_ENDPOINT") or None
        return cls(HfApi(endpoint=endpoint, token=os.environ.get("HF_TOKEN") or False), parts["repo"])

    @property
    def url(self) -> str:
        """The remote as people write it."""
        return f"hub://{self.repo}"

    def names(self) -> list[str]:
        """The repository's dataset, when it has at least one reference."""
        return [self._name] if self._tags() else []

    def versions(self, name: str) -> dict[str, str]:
        """The digest behind each tag that is a version of ours, oldest version first."""
        if name != self._name:
            return {}
        titles = {commit: digest for commit, digest in self._commits() if digest}
        return by_number({tag: titles[commit] for tag, commit in self._tags().items() if commit in titles})

    def latest(self, name: str) -> str | None:
        """The digest of the highest version that was not revoked."""
        revoked = self.revocations(name)
        standing = [digest for digest in self.versions(name).values() if digest not in revoked]
        return standing[-1] if standing else None

    def resolve(self, name: str, prefix: str) -> str | None:
        """The whole digest that `prefix` (twelve digits or more) begins."""
        if len(prefix) < 12 or name != self._name:
            return None
        return next((digest for _, digest in self._commits() if digest and digest.startswith(prefix)), None)

    def open(self, name: str, digest: str) -> "HubVersion":
        """A version at its commit. Raises UnknownVersion when no commit holds it."""
        commit = self._commit_of(digest)
        if commit is None or name != self._name:
            raise UnknownVersion(f"{self.url!r} has no commit of {name}@sha256:{digest[:12]}.")
        return HubVersion(self, digest, commit)

    def put(self, name: str, manifest: Manifest, data: bytes, contents: Mapping[str, Path | bytes]) -> str:
        """Commit the version as the whole tree of the main branch; large files that are there are not sent again."""
        self._refuse_other_name(name)
        for entry in manifest.files:
            refuse_other_content(entry, contents[entry.path])
        self._asked("create", lambda: self.api.create_repo(self.repo, repo_type=_KIND, private=True, exist_ok=True))
        if self._commit_of(digest_of(data)) is None:
            files = {**{entry.path: contents[entry.path] for entry in manifest.files}, MANIFEST: data}
            self._commit(files, f"{name}@{manifest.version} sha256:{digest_of(data)}", whole=True)
        return self.url

    def refer(self, name: str, version: str, digest: str) -> None:
        """Create the tag of a version, once."""
        from huggingface_hub.errors import HfHubHTTPError

        commit = self.open(name, digest).commit

        def tag() -> None:
            try:
                self.api.create_tag(self.repo, tag=version, revision=commit, repo_type=_KIND)
            except HfHubHTTPError as error:
                if error.response.status_code != 409:
                    raise

        self._asked("tag", tag)
        refuse_other(name, version, self.versions(name).get(version, "something else"), digest)

    def advance(self, name: str, version: str, digest: str) -> None:
        """Nothing is to be moved: `latest` follows from the tags. Raises DigestMismatch when ours is gone."""
        if self.versions(name).get(version) != digest:
            raise DigestMismatch(f"The reference {name}@{version} was not kept by {self.url!r}.")

    def revoke(self, name: str, revocation: Revocation) -> None:
        """Add a version to revoked.json of the main branch."""
        self._refuse_other_name(name)
        known = {digest: revocation_record(found) for digest, found in self.revocations(name).items()}
        if revocation.digest not in known:
            known[revocation.digest] = revocation_record(revocation)
            self._commit({REVOKED: canonical_json(known)}, f"Take back {name}@{revocation.version}", whole=False)

    def revocations(self, name: str) -> dict[str, Revocation]:
        """What revoked.json of the main branch says, by digest."""
        data = self.read(REVOKED, _MAIN) if name == self._name else None
        try:
            found = dict(json.loads(data)) if data else {}
        except (ValueError, TypeError) as error:
            raise DigestMismatch(f"The file {REVOKED!r} of {self.url!r} is damaged.") from error
        return {digest: read_revocation(canonical_json(value)) for digest, value in found.items()}

    def drop(self, name: str, digest: str) -> None:
        """Delete for good the large files that no other version lists; the small ones stay in the history.

        A version that was taken back needs none of its files.
        """
        own, revoked = {entry.sha256 for entry in self._listed(digest)}, self.revocations(name)
        others = {found for _, found in self._commits() if found and found != digest and found not in revoked}
        needed = {entry.sha256 for other in others for entry in self._listed(other)}
        self._delete([file for file in self._large() if file.file_oid in own - needed])

    def garbage(self, name: str) -> dict[str, int]:
        """Nothing: a hub keeps its history."""
        return {}

    def sweep(self, name: str) -> dict[str, int]:
        """Nothing."""
        return {}

    def holdings(self) -> list[str]:
        """The repository's dataset, when there is anything in it."""
        return [self._name] if self._commits() else []

    def stored(self, name: str) -> list[str]:
        """The digest of every version that a commit of the main branch holds."""
        return sorted({digest for _, digest in self._commits() if digest}) if name == self._name else []

    def purge(self, name: str, held: Callable[[Path], bool]) -> list[str]:
        """Delete the large files that were sent but that no commit, tag or branch lists: they cannot be looked at."""
        listed: set[str] = set()
        for revision in {commit for commit, _ in self._commits()} | set(self._tags().values()) | self._branches():
            listed |= self._large_of(revision)
        lost = [file for file in self._large() if file.file_oid not in listed]
        self._delete(lost)
        return [f"{self.url}: {file.file_oid[:12]}" for file in lost]

    def read(self, path: str, revision: str) -> bytes | None:
        """A small file at a revision, at most the size of a manifest; None when it is not there."""
        return self._asked("read", lambda: self._read(path, revision))

    def _read(self, path: str, revision: str) -> bytes | None:
        with self._streamed(path, revision) as blocks:
            data = bytearray()
            for block in blocks or ():
                data += block
                if len(data) > MAX_MANIFEST_BYTES:
                    raise DigestMismatch(f"The file {path!r} of {self.url!r} is larger than a manifest may be.")
            return None if blocks is None else bytes(data)

    def copy(self, entry: FileEntry, commit: str, target: Path) -> None:
        """One file of a commit, its size and sha256 checked on the way; never more bytes than were promised."""
        size, sha256 = self._asked("read", lambda: self._copied(entry, commit, target))
        refuse_difference(entry, size, sha256)

    def tree(self, commit: str) -> dict[str, int]:
        """The size of every file of a commit, by path."""
        return {file.path: int(file.size) for file in self._listing(commit)}

    def _listing(self, revision: str) -> list[Any]:
        """Every file of a commit or branch."""
        found = self._asked(
            "list",
            lambda: list(self.api.list_repo_tree(self.repo, recursive=True, revision=revision, repo_type=_KIND)),
        )
        return [file for file in found if hasattr(file, "size")]

    def _large(self) -> list[Any]:
        return self._asked("list", lambda: list(self.api.list_lfs_files(self.repo, repo_type=_KIND)))

    def _delete(self, files: Sequence[Any]) -> None:
        if files:
            self._asked(
                "delete",
                lambda: self.api.permanently_delete_lfs_files(self.repo, files, rewrite_history=False, repo_type=_KIND),
            )

    def _large_of(self, revision: str) -> set[str]:
        """The digests of the large files of a commit or branch."""
        return {str(file.lfs.sha256) for file in self._listing(revision) if file.lfs}

    @property
    def _name(self) -> str:
        return self.repo.partition("/")[2]

    def _refuse_other_name(self, name: str) -> None:
        if name != self._name:
            organisation = self.repo.partition("/")[0]
            raise WrongUse(f"{self.url!r} holds {self._name!r}: publish {name!r} to hub://{organisation}/{name}.")

    def _commit(self, files: Mapping[str, Path | bytes], title: str, whole: bool) -> None:
        """One commit on top of what was seen; whoever was faster makes it fail, and then nothing has changed."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        head = self._head()
        stale = sorted(self.tree(head).keys() - files.keys() - _OURS) if whole and head else []
        operations = [
            *(CommitOperationAdd(path, str(it) if isinstance(it, Path) else it) for path, it in sorted(files.items())),
            *(CommitOperationDelete(path, is_folder=False) for path in stale),
        ]
        more = {"parent_commit": head} if head else {}
        self._asked(
            "write",
            lambda: self.api.create_commit(self.repo, operations, commit_message=title, repo_type=_KIND, **more),
            tries=1,
        )

    def _head(self) -> str | None:
        return next((commit for commit, _ in self._commits()), None)

    def _commits(self) -> list[tuple[str, str | None]]:
        """The commits of the main branch, newest first, with the digest of the version that each one holds."""
        found = self._known(lambda: self.api.list_repo_commits(self.repo, repo_type=_KIND)) or []
        titles = ((each.commit_id, _TITLE.fullmatch(each.title)) for each in found)
        return [(commit, title[1] if title else None) for commit, title in titles]

    def _commit_of(self, digest: str) -> str | None:
        return next((commit for commit, found in self._commits() if found == digest), None)

    def _tags(self) -> dict[str, str]:
        refs = self._known(lambda: self.api.list_repo_refs(self.repo, repo_type=_KIND))
        return {tag.name: tag.target_commit for tag in refs.tags} if refs else {}

    def _branches(self) -> set[str]:
        refs = self._known(lambda: self.api.list_repo_refs(self.repo, repo_type=_KIND))
        return {branch.target_commit for branch in (*refs.branches, *refs.converts)} if refs else set()

    def _listed(self, digest: str) -> list[FileEntry]:
        return load_manifest(HubVersion(self, digest, str(self._commit_of(digest))).manifest()).files

    def _known(self, call: Callable[[], _Found]) -> _Found | None:
        """An answer about the repository; None when there is none yet.

        Without a token a hub answers 401 of a private repository and of none alike: that is a refusal.
        """
        from huggingface_hub.errors import RepositoryNotFoundError

        def ask() -> _Found | None:
            try:
                return call()
            except RepositoryNotFoundError as error:
                if error.response.status_code != 404:
                    raise
                return None

        return self._asked("list", ask)

    def _copied(self, entry: FileEntry, commit: str, target: Path) -> tuple[int, str]:
        hasher, size = hashlib.sha256(), 0
        with self._streamed(entry.path, commit) as blocks, created(target) as file:
            if blocks is None:
                raise DigestMismatch(f"The file {entry.path!r} is missing at {self.url!r}.")
            for block in blocks:
                hasher.update(block)
                size += file.write(block)
                if size > entry.size:
                    break
        return size, hasher.hexdigest()

    @contextmanager
    def _streamed(self, path: str, revision: str) -> Iterator[Iterator[bytes] | None]:
        """The bytes of a file as they come; None when it is not there. A hub that asks to wait is waited for.

        The token stays at the hub: the client takes it off a request that is led on to another host.
        """
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import http_stream_backoff

        url = hf_hub_url(self.repo, path, repo_type=_KIND, revision=revision, endpoint=self.api.endpoint)
        headers = {"authorization": f"Bearer {self.api.token}"} if self.api.token else {}
        with http_stream_backoff("GET", url, headers=headers, timeout=_SECONDS, retry_on_exceptions=()) as answer:
            if answer.status_code == 404:
                yield None
                return
            answer.raise_for_status()
            yield answer.iter_bytes()

    def _asked(self, what: str, call: Callable[[], _Found], tries: int = _TRIES) -> _Found:
        """The answer of the hub; a connection that broke is tried again. What is raised never holds the token."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        for trial in range(tries):
            try:
                return call()
            except (HfHubHTTPError, httpx2.HTTPStatusError) as error:
                raise self._refusal(what, error) from error
            except OfflineModeIsEnabled as error:
                raise Unreachable(f"{self.url!r} cannot be asked: HF_HUB_OFFLINE is set.") from error
            except (ValueError, KeyError, TypeError) as error:
                why = self._said(str(error)) or type(error).__name__
                raise Unreachable(f"{self.url!r} gave no answer of a hub when asked to {what}: {why}.") from error
            except (httpx2.HTTPError, RuntimeError, ConnectionError, TimeoutError) as error:
                if trial == tries - 1:
                    why = f"{self.url!r} failed to {what}: {str(error).rstrip('.')}"
                    raise Unreachable(f"{why}. {_remedy(str(error))}") from error
        raise AssertionError(what)

    def _refusal(self, what: str, error: Any) -> NotWritable | Unreachable:
        """What to tell of a status that is no success, with the hub's own words where it gave some."""
        status, said = error.response.status_code, self._said(getattr(error, "server_message", None) or "")
        because = f"status {status}: {said}" if said else f"status {status}"
        if status == 401 and not self.api.token:
            return NotWritable(
                f"{self.url!r} does not exist or is private ({because}): set HF_TOKEN to a token that may {what} there."
            )
        if status in {401, 403}:
            return NotWritable(
                f"{self.url!r} does not allow us to {what} ({because}): set HF_TOKEN to a token that may."
            )
        if status in {409, 412}:
            return Unreachable(f"Somebody else wrote to {self.url!r} at the same moment; nothing changed. Try again.")
        if status == 429:
            return Unreachable(f"{self.url!r} is asked too often to {what} ({because}). Try again later.")
        return Unreachable(f"{self.url!r} failed to {what} ({because}). Try again.")

    def _said(self, words: str) -> str:
        """Words of a hub as part of a sentence: one short line that never holds the token."""
        plain = " ".join(words.split())
        return (plain.replace(self.api.token, "…") if self.api.token else plain)[:200].rstrip(" .")


def _remedy(fault: str) -> str:
    if "xet" in fault:
        return "If this hub has no Xet storage, set HF_HUB_DISABLE_XET=1."
    return "Try again; large files that were sent are kept."


@dataclass(frozen=True, slots=True)
class HubVersion:
    """Implements tasks.versions.remote.Version for one commit."""

    remote: HubRemote
    digest: str
    commit: str

    @property
    def place(self) -> str:
        """The repository and the commit."""
        return f"{self.remote.url}@{self.commit}"

    def manifest(self) -> bytes:
        """The bytes of its manifest."""
        data = self.remote.read(MANIFEST, self.commit)
        if data is None:
            raise UnknownVersion(f"The commit {self.commit[:12]} of {self.remote.url!r} has no {MANIFEST}.")
        return data

    def inspect(self, manifest: Manifest) -> None:
        """Refuse a commit that lacks a file or has one of another size."""
        there = self.remote.tree(self.commit)
        for entry in manifest.files:
            if entry.path not in there:
                raise DigestMismatch(f"The file {entry.path!r} of {self.place!r} is missing.")
            refuse_difference(entry, there[entry.path], entry.sha256)

    def fetch(self, entry: FileEntry, target: Path, link: bool = False) -> None:
        """Copy one file, checked; it cannot be linked."""
        self.remote.copy(entry, self.commit, target)
