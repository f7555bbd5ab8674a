"""Found counts beside the official ones: queries and gallery of every protocol, as its authors report them."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Compare what every protocol holds with what its official dataset holds; unreported figures are skipped."""
    rows = staged.table("protocols").to_pylist()
    differs = {str(row["protocol_id"]): words for row in rows if (words := "; ".join(_differences(row)))}
    summary = "; ".join(f"{name}: {words}" for name, words in differs.items())
    return Verdict(
        passed=not differs,
        figure=float(len(differs)),
        summary=summary or f"{len(rows)} protocols hold their official counts",
        failing=first_ids(differs),
        remedy="Expected for the sample and for partial copies; else the raw folder is incomplete or another release.",
    )


def _differences(row: Mapping[str, Any]) -> Iterator[str]:
    for role in ("query", "gallery"):
        found, official = row[f"n_{role}"], row[f"expected_{role}"]
        if official is not None and found != official:
            yield f"{found} {role} found, {official} reported"


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["protocols"][0]["expected_query"] = 3368
    return toy_staged(rows)


GATE = Gate(title="Official counts", severity="warning", check=check, good=_good, bad=_bad)
