"""Check what a person names: a version folder, a reference, or one Parquet file; alone or against an older version."""

from pathlib import Path

from schemas.errors import WrongUse
from tasks.checking.report import CheckReport, Depth, check_folder
from tasks.contracts.load import Contract, load_contract

_UNREAD = {"readable", "columns", "present"}
__all__ = ["CheckReport", "check"]


def check(
    target: str,
    depth: Depth = "structure",
    against: str | None = None,
    contract: Path | None = None,
    remote: str | None = None,
) -> CheckReport:
    """The report on a target; a reference is pulled from `remote` to a folder that ends with the call.

    Raises WrongUse for a single file with --against, UnknownVersion, Revoked, BadContract, FormatTooNew.
    """
    promised = load_contract(contract) if contract else None
    if Path(target).is_file():
        if against:
            raise WrongUse(f"--against compares versions; {target!r} is one file.")
        from tasks.checking.single import check_file

        return check_file(Path(target), promised, depth == "deep")
    return _version(target, depth, against, promised, remote)


def _version(
    target: str, depth: Depth, against: str | None, contract: Contract | None, remote: str | None
) -> CheckReport:
    from tasks.versions.opening import opened

    with opened(target, remote) as version:
        report = check_folder(version.folder, depth, contract)
        unread = any(finding.check in _UNREAD for finding in report.contract)
        if not against or report.files or unread:
            return report
        from tasks.checking.compatibility import compared

        with opened(against, remote) as old:
            return compared(report, old, version)
