"""Write down the benchmark protocols of a version: their rules, and who asks and is ranked in every trial.

    benchmark(store, ingests, described, ["market1501_single_query"]).facts
    {'protocols': {'market1501_single_query': {'query': 3368, 'gallery': 15913, 'expected': {...}}}}

Members are fixed here, once, so that every later run of a version ranks the same images in the same order.
"""

import importlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas import protocol as protocol_schema
from schemas.discovery import find, find_all
from schemas.errors import BadRecipe
from schemas.keys import code_revision
from schemas.protocol import EVERY_TRIAL, BenchmarkProtocol, Member
from schemas.tables import PROTOCOL_MEMBERS, PROTOCOLS
from tasks.scoring import families, membership
from tasks.scoring.metrics import Rules
from tasks.steps.parts import read_table
from tasks.steps.store import StepOutput, run_step
from tasks.versions.writer import from_rows, write

_PACKAGE = "tasks.protocols"


def benchmark(
    store: Path, ingests: Sequence[StepOutput], described: Sequence[StepOutput], names: Sequence[str]
) -> StepOutput:
    """Write protocols.parquet and protocol_members.parquet for the named protocols, or the usual ones of these sources.

    `described` holds the published captions of the ingests, in the same order. Raises UnknownName for a protocol that
    does not exist and BadRecipe for one whose source is not among the ingests.
    """
    sources = {str(one.facts["source"]): _Source(one, two) for one, two in zip(ingests, described, strict=True)}
    wanted = {name: _declared(name, sources) for name in sorted(set(names) or _all(sources))}
    used = sorted({protocol.source for protocol in wanted.values()})
    inputs = {
        "ingests": [sources[name].ingested.digest for name in used],
        "described": [sources[name].described.digest for name in used],
        "names": sorted(wanted),
        "code": _code(wanted),
    }
    return run_step(store, "protocols", inputs, partial(_write, wanted, sources))


@dataclass(frozen=True, slots=True)
class _Source:
    """What was read of one source."""

    ingested: StepOutput
    described: StepOutput

    def members(self, protocol: BenchmarkProtocol) -> Iterable[Member]:
        images = read_table(self.ingested, "person_images")
        listed = self.ingested.facts.get("lists", {}).get(protocol.list_name)
        if protocol.members_of_list and listed is not None:
            return protocol.members_of_list(images, listed)
        return protocol.members(images, read_table(self.described, "captions"))


def _all(sources: Mapping[str, _Source]) -> list[str]:
    declared = find_all(_PACKAGE, "PROTOCOL")
    return [name for name, protocol in declared if protocol.source in sources and protocol.by_default]


def _declared(name: str, sources: Mapping[str, _Source]) -> BenchmarkProtocol:
    protocol: BenchmarkProtocol = find(_PACKAGE, "PROTOCOL", name)
    if protocol.source not in sources:
        raise BadRecipe(
            f"The protocol {name!r} ranks images of {protocol.source!r}, which is not among the sources "
            f"{', '.join(sorted(sources))}: add the source or drop the protocol."
        )
    return protocol


def _code(names: Iterable[str]) -> str:
    modules = [importlib.import_module(f"{_PACKAGE}.{name}") for name in sorted(names)]
    return code_revision(*modules, membership, families, protocol_schema, inspect.getmodule(benchmark))


def _write(wanted: Mapping[str, BenchmarkProtocol], sources: Mapping[str, _Source], folder: Path) -> dict[str, Any]:
    rules, parts, facts = [], [PROTOCOL_MEMBERS.schema.empty_table()], {}
    for name, protocol in wanted.items():
        members = list(sources[protocol.source].members(protocol))
        counts = {role: _size(members, role) for role in ("query", "gallery")}
        rules.append(_rule_row(name, protocol, counts))
        parts.append(_member_table(name, members))
        facts[name] = {**counts, "expected": dict(protocol.expected)}
    write(PROTOCOLS, from_rows(PROTOCOLS, rules), folder / "protocols.parquet")
    write(PROTOCOL_MEMBERS, pa.concat_tables(parts), folder / "protocol_members.parquet")
    return {"protocols": facts}


def _size(members: Sequence[Member], role: str) -> int:
    """How many members a role has in the first trial."""
    return sum(member.role == role and member.trial in (EVERY_TRIAL, 0) for member in members)


def _rule_row(name: str, protocol: BenchmarkProtocol, counts: Mapping[str, int]) -> dict[str, Any]:
    rules = Rules.of(protocol)
    return {
        "protocol_id": name,
        "protocol": name,
        "source": protocol.source,
        "title": protocol.title,
        "setting": protocol.setting,
        "junk_rule": rules.junk_rule,
        "cmc_variant": rules.cmc_variant,
        "ap_variant": rules.ap_variant,
        "ap_topk": rules.ap_topk,
        "tie_policy": rules.tie_policy,
        "n_trials": protocol.n_trials,
        "sampler": protocol.sampler,
        "seed": protocol.seed,
        "n_query": counts["query"],
        "n_gallery": counts["gallery"],
        "expected_query": protocol.expected.get("query"),
        "expected_gallery": protocol.expected.get("gallery"),
    }


def _member_table(name: str, members: Sequence[Member]) -> pa.Table:
    columns = {
        "protocol_id": [name] * len(members),
        "trial": [member.trial for member in members],
        "role": [member.role for member in members],
        "position": [member.position for member in members],
        "member_kind": [member.kind for member in members],
        "member_ids": [list(member.ids) for member in members],
    }
    return pa.table(columns, schema=PROTOCOL_MEMBERS.schema)
