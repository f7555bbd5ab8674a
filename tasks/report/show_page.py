"""Sample rows of a version to look at: one HTML page that needs no network, or one picture for where no page opens."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from schemas.errors import UnknownName, WrongUse
from schemas.keys import hash_ids, mix, order, seed_of
from tasks.report.contact_sheet import contact_sheet
from tasks.report.row_sheet import KINDS, row_sheet
from tasks.report.samples import Sample, samples_by_id
from tasks.report.templating import pages
from tasks.versions.manifest import MANIFEST
from tasks.versions.reader import VersionFolder

PICTURES = (".jpg", ".jpeg", ".png")
PAGES = (".html", ".htm")


def write_rows(version: VersionFolder, family: str | None, stage: int | None, n: int, out: Path) -> Path:
    """Write `n` rows, dealt evenly to the families, to `out` as its ending says: a page or a picture.

    Raises UnknownName for a family that the version does not have, WrongUse for another ending or a stage without rows.
    """
    _refuse_ending(out, PAGES + PICTURES)
    samples = samples_by_id(version, choose_rows(version, family, stage, n))
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() in PICTURES:
        out.write_bytes(row_sheet(samples, out.suffix.lower()))
    else:
        out.write_text(rows_page(samples, _title(version)), encoding="utf-8")
    return out


def write_people(version: VersionFolder, n: int, out: Path) -> Path:
    """Write a contact sheet of up to `n` person images to a picture file. Raises WrongUse for another ending."""
    _refuse_ending(out, PICTURES)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(contact_sheet(version, n, KINDS[out.suffix.lower()]))
    return out


def _title(version: VersionFolder) -> str:
    whole = (version.folder / MANIFEST).is_file()
    return f"Rows of {version.manifest.name} {version.manifest.version}" if whole else f"Rows of {version.folder.name}"


def _refuse_ending(out: Path, known: Sequence[str]) -> None:
    if out.suffix.lower() not in known:
        raise WrongUse(
            f"The file {out.name!r} has none of the endings {', '.join(known)}: it says what kind of file to write."
        )


def choose_rows(version: VersionFolder, family: str | None, stage: int | None, n: int) -> list[str]:
    """Ids of up to `n` rows, chosen by key: stages and families in order, rows dealt to the families in turn."""
    files = version.families()
    known = sorted({of for _, of in files})
    if family is not None and family.upper() not in known:
        raise UnknownName.of("question family in this version", family, known)
    groups: dict[tuple[int, str], list[str]] = {}
    for (at, of), splits in sorted(files.items()):
        if stage in (None, at) and (family is None or of == family.upper()):
            paths = sorted(path for each in splits.values() for path in each)
            ids = version.told(paths, ["sample_id"]).column("sample_id").to_pylist()
            groups |= {(at, of): _drawn(of, ids, n)} if ids else {}
    if not groups:
        there = sorted({at for at, of in files if family is None or of == family.upper()})
        named = f"of {family.upper()} " if family else ""
        listed = " and ".join(map(str, there)) or "none"
        raise WrongUse(f"The version has no rows {named}in stage {stage}; it has some in stage {listed}.")
    return [name for key in sorted(groups) for name in groups[key][: _share(sorted(groups), key, n)]]


def _share(keys: Sequence[tuple[int, str]], key: tuple[int, str], n: int) -> int:
    whole, more = divmod(n, len(keys))
    return whole + (keys.index(key) < more)


def _drawn(family: str, ids: Sequence[str], n: int) -> list[str]:
    return [ids[place] for place in order(mix(seed_of("report", family), hash_ids(ids)))[:n]]


def rows_page(samples: Sequence[Sample], title: str) -> str:
    """The page: a section per stage and family."""
    groups = [(*key, list(of)) for key, of in groupby(samples, lambda one: (one.stage, one.family))]
    return pages().get_template("show.html.jinja").render(title=title, groups=groups)
