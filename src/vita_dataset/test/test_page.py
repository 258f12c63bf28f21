"""The page is complete in itself, says what is wrong first, and a browser shows it."""

import html.parser
import shutil
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from vita_dataset import cli
from vita_dataset.convert import convert
from vita_dataset.errors import UsageError
from vita_dataset.origin import origin
from vita_dataset.page import chosen_episodes, page_text
from vita_dataset.sources import open_source
from vita_dataset.survey import survey
from vita_dataset.video_encoder import encode_video

FRONT = "observation.images.front"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Page(html.parser.HTMLParser):
    """Checks that tags are closed in order; collects what a browser would load, and the text in order."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, text):
        super().__init__()
        self.open, self.counts, self.links, self.words = [], {}, [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.links += [value for key, value in attrs if key in ("src", "href", "srcset", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def faulty(record):
    """Names that would break a page that does not escape them; a black camera; an action that never changes."""
    root = record(name="lab/<i>", lengths=(12, 5), codec="h264", names=("pan & tilt", "<b>lift", "gripper"))
    black = [np.zeros((32, 48, 3), np.uint8)] * 5
    encode_video(root / f"videos/chunk-000/{FRONT}/episode_000001.mp4", black, 10.0)
    (root / "videos/chunk-000/observation.images.wrist/episode_000000.mp4").write_bytes(b"no video")
    return root


def test_complete_in_itself(faulty):
    source = open_source(faulty)
    text = page_text(source, survey(source, frames=True), origin(faulty, source, hashed=True), (0, 1))
    page = Page(text)
    words = " ".join(page.words)
    assert page.counts["svg"] == 1 + 2 * 3 + 1  # lengths, a plot for each joint and episode, the black stretch
    assert page.counts["img"] == 8 + 2 * 5  # one of four films cannot be read
    assert all(link.startswith("data:image/jpeg;base64,") for link in page.links)
    assert "http:" not in text
    assert "https:" not in text
    order = ["Damage", "no video", "Warnings", f"camera '{FRONT}' is black", "Facts", "Episodes", "Statistics"]
    places = [words.index(part) if part != "no video" else words.index("episode_000000.mp4") for part in order]
    assert places == sorted(places)
    for name in ("pan & tilt", "<b>lift", "lab/<i>"):
        assert name in words
    assert "Not checked" not in words


def test_what_was_not_looked_at_is_said(record, tmp_path):
    output = convert(record(lengths=(12,)), tmp_path / "out").output
    source = open_source(output)
    words = " ".join(Page(page_text(source, survey(source), origin(output, source, hashed=False), (0,))).words)
    for part in ("No warnings", "Not checked", "Converted from", "sha256:", "Pixels, 0..1", "fewer than 20 steps"):
        assert part in words


def test_many_warnings_are_folded(record):
    root = record(lengths=(5,))
    source = open_source(root)
    found = survey(source)
    report = replace(found.report, warnings=tuple(f"warning {number}" for number in range(30)))
    page = Page(page_text(source, replace(found, report=report), origin(root, source, hashed=False), ()))
    assert "10 more" in page.words
    assert "warning 29" in page.words


def test_which_episodes_are_shown():
    source = SimpleNamespace(episode_count=5, spec=SimpleNamespace(repo_id="a/b"))
    assert chosen_episodes(source, None) == (0, 2, 4)
    assert chosen_episodes(SimpleNamespace(episode_count=1), None) == (0,)
    assert chosen_episodes(source, [3, 1, 3]) == (3, 1)
    with pytest.raises(UsageError, match="--show 5 is no episode"):
        chosen_episodes(source, [5])


def test_the_command(record, tmp_path, capsys):
    root, page = str(record(lengths=(4,))), tmp_path / "page.html"
    for _ in range(2):  # its own page may be written again
        assert cli.inspect([root, "--html", str(page)]) == 0
    assert f"page: {page}" in capsys.readouterr().out
    page.write_text("mine")
    assert cli.inspect([root, "--html", str(page)]) == 2
    assert page.read_text() == "mine"
    assert cli.inspect([root, "--tables-only", "--html", str(page), "--overwrite", "--show", "0"]) == 0
    Page(page.read_text())
    assert cli.inspect([root, "--show", "0"]) == 2
    assert "add --html FILE" in capsys.readouterr().err


def browser():
    """A Chromium that starts at all: some systems have a program of that name that only says how to install it."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path and subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0:
            return path
    return None


@pytest.mark.parametrize("scheme", [0, 1], ids=["dark", "light"])
def test_a_browser_shows_it(faulty, tmp_path, scheme):
    program = browser()
    if program is None:
        pytest.skip("no Chromium here; the structure was checked above")
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    assert cli.inspect([str(faulty), "--html", str(page)]) == 0
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-quic", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path / 'profile'}"]
    flags += [f"--blink-settings=preferredColorScheme={scheme}", "--window-size=500,1600"]
    flags += ["--enable-logging=stderr", f"--screenshot={picture}"]
    for _ in range(3):  # whether Chromium itself comes up at once is not what is tested
        done = subprocess.run(
            [program, *flags, page.as_uri()], capture_output=True, text=True, timeout=120, check=False
        )
        if picture.exists():
            break
    assert "CONSOLE" not in done.stderr  # nothing was refused by the page's own policy
    shown = cv2.imread(str(picture))
    assert shown.shape == (1600, 500, 3)
    background = shown[-5:, :5].mean()
    assert background < 60 if scheme == 0 else background > 200
    assert np.abs(shown.astype(int) - shown[-1, 0]).max(axis=2).astype(bool).mean() > 0.05  # something is drawn
