"""The page in a real browser: on a phone, in a dark room, without a network."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from tasks.report.page import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=3000",
]


@pytest.fixture(scope="module")
def page(first_build, tmp_path_factory):
    _, _, published = first_build
    return write_report(published.folder, None, None, tmp_path_factory.mktemp("page") / "report.html")


def _chromium(profile, *arguments):
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=True).stdout


def test_the_page_names_no_other_place_and_no_folder_of_this_machine(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    links = set(re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)([^"']+)""", text))
    assert links == {f"report_families/{one.name}" for one in (page.parent / "report_families").iterdir()}
    assert len(links) >= 4
    assert str(tmp_path.parent.parent) not in text


PROBE = """<script>addEventListener("load", () => {
    const lost = [...document.images].filter(image => !image.naturalWidth).length;
    document.title = [document.documentElement.scrollWidth, innerWidth, lost, document.images.length].join(" ");
})</script>"""


def _on_a_phone(page, tmp_path):
    """The width of a page and of the window, and how many pictures do not show, of how many."""
    copy = tmp_path / "probe.html"
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", PROBE + "</body>"), encoding="utf-8")
    shown = _chromium(tmp_path / "profile", "--window-size=390,844", "--dump-dom", copy.as_uri())
    found = re.search(r"<title>(\d+) (\d+) (\d+) (\d+)</title>", shown)
    assert found
    return map(int, found.groups())


def test_nothing_is_wider_than_a_phone_and_every_picture_shows(page, tmp_path):
    wide, window, lost, pictures = _on_a_phone(page, tmp_path)
    assert wide <= window
    assert lost == 0
    assert pictures > 40


def test_the_page_of_a_family_is_no_wider_than_a_phone_and_every_picture_shows(page, tmp_path):
    wide, window, lost, pictures = _on_a_phone(page.parent / "report_families" / "SAME_YN.html", tmp_path)
    assert wide <= window
    assert lost == 0
    assert pictures >= 12


def test_the_checks_of_a_version_are_no_wider_than_a_phone(first_build, tmp_path):
    _, _, published = first_build
    wide, window, _, _ = _on_a_phone(published.folder / "report" / "checks.html", tmp_path)
    assert wide <= window


@pytest.mark.parametrize(("scheme", "dark"), [("0", True), ("1", False)], ids=["dark room", "bright room"])
def test_the_page_follows_the_light_of_the_room(scheme, dark, page, tmp_path):
    picture = tmp_path / "page.png"
    settings = f"--blink-settings=preferredColorScheme={scheme}"
    _chromium(tmp_path / "profile", settings, "--window-size=900,700", f"--screenshot={picture}", page.as_uri())
    corner = np.asarray(Image.open(picture).convert("L"))[-40:, :40].mean()
    assert bool(corner < 80) is dark
