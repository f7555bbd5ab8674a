"""What was asked about a source and what came of it, by model and kind: what a card says of models and costs."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from generators import captions as wording
from generators import kinds
from schemas.keys import digest, file_sha256
from tasks.describing.answers import Answered

_PATTERN = re.compile(r"#\d+(?=@)")
_PATTERNS = Path(str(wording.__file__)).parent / "templates.yaml"
_COUNTS = ("requests", "answered", "prompt_tokens", "completion_tokens")


def accounts(answers: Iterable[Answered], refused: Mapping[tuple[str, str], Counter[str]]) -> list[dict[str, Any]]:
    """One account per model and kind, sorted. `refused` counts rejects by (model's full name, kind) and reason.

    Tokens are those of the answers that are used, or that were the last in vain: facts of the generation store, so that
    a replay gives the same. A request that several rows share counts once.
    """
    found: dict[tuple[str, str], dict[str, Answered]] = {}
    for each in answers:
        found.setdefault((each.model.full_name, each.planned.kind), {})[each.got.key] = each
    return [
        _account(list(asked.values()), refused.get(names, Counter())) for names, asked in sorted(found.items()) if asked
    ]


def _account(asked: Sequence[Answered], refused: Counter[str]) -> dict[str, Any]:
    model, kind = asked[0].model, asked[0].planned.kind
    given = [each.got.answer for each in asked]
    return {
        "model": model.backend.model,
        "revision": model.backend.revision,
        "backend": model.choice.backend,
        "kind": kind,
        "prompts": sorted({_PATTERN.sub("", each.planned.request.prompt_id) for each in asked}),
        "prompt_revision": prompt_revision(kind),
        "requests": len(given),
        "answered": sum(answer.status == "ok" for answer in given),
        "rejects": dict(sorted(refused.items())),
        "prompt_tokens": sum(answer.prompt_tokens for answer in given),
        "completion_tokens": sum(answer.completion_tokens for answer in given),
    }


def prompt_revision(kind: str) -> str:
    """A digest of the files that a kind's prompts are made of."""
    files = [Path(str(kinds.__file__)).parent / f"{kind}.yaml", *([_PATTERNS] if kind == "caption" else [])]
    return digest({path.name: file_sha256(path) for path in files})[:16]


def summed(accounts_of_sources: Iterable[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The accounts of several sources as one list, added up by model, revision and kind."""
    sums: dict[tuple[str, str, str], dict[str, Any]] = {}
    for account in (account for accounts_of_one in accounts_of_sources for account in accounts_of_one):
        names = (account["model"], account["revision"], account["kind"])
        if names not in sums:
            sums[names] = dict(account)
            continue
        whole = sums[names]
        whole.update({name: whole[name] + account[name] for name in _COUNTS})
        whole["prompts"] = sorted({*whole["prompts"], *account["prompts"]})
        whole["rejects"] = dict(sorted((Counter(whole["rejects"]) + Counter(account["rejects"])).items()))
    return [sums[names] for names in sorted(sums)]
