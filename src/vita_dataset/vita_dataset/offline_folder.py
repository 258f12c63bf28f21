"""One observation in a folder, as the client of the original VITA code took it for a test without a robot.

``qpos.csv`` holds the joints' names and, in the line below, their positions; each camera has one picture,
``<camera>;color.png`` or ``<camera>.png``. That client took pictures by resembling names and columns by their order,
and a missing picture for a black one. Here names must be those of the robot file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import Episode, EpisodeTable, step_range
from vita_dataset.errors import DataError
from vita_dataset.robot import Robot
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec

TABLE = "qpos.csv"
PICTURES = ("{camera};color.png", "{camera}.png")
LASTS_S = 2.0
"""How long the observation is shown: long enough for a policy to answer a few times."""


@dataclass(frozen=True, eq=False)
class OfflineObservation:
    """The observation as an episode in which nothing moves.

    Attributes:
        spec: state and action have the robot file's policy names.
        episode: the observation again and again; its action is to stay where the robot is.
        notes: what was made up and what was left out.
    """

    spec: DatasetSpec
    episode: Episode
    notes: tuple[str, ...]


def is_offline_folder(path: Path) -> bool:
    """Whether a folder holds an observation's table, or pictures beside which it is missing."""
    return not (path / "meta").exists() and ((path / TABLE).is_file() or any(path.glob("*.png")))


def read_offline_folder(folder: Path, robot: Robot, rate_hz: float) -> OfflineObservation:
    """Read the observation of a robot.

    Args:
        folder: with qpos.csv and pictures.
        robot: names the joints and cameras.
        rate_hz: steps per second of the episode.

    Raises:
        DataError: files are missing or damaged, names do not fit, or a position is no number. Of names and pictures
            all that is wrong is listed.
    """
    header, cells, notes = _read_table(folder / TABLE)
    problems: list[str] = []
    state = _positions(header, cells, robot, problems, notes)
    images = _pictures(folder, robot, problems, notes)
    if problems:
        raise DataError(f"the folder '{folder}' and the robot file do not fit: {'; '.join(problems)}")
    steps = max(1, round(LASTS_S * rate_hz))
    notes.insert(0, f"one observation, which the bag shows for {LASTS_S:g} s: {steps} steps at {rate_hz:g} Hz")
    notes.append("no action was recorded, so the recorded action is to stay where the robot is")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, which is refused where it is used
        rows = np.repeat(np.array([state], dtype=np.float64).astype(np.float32), steps, axis=0)
    names = robot.policy_names
    spec = DatasetSpec(
        repo_id=folder.resolve().name,
        fps=rate_hz,
        cameras=tuple(CameraSpec(key, *image.shape[:2]) for key, image in images.items()),
        state=VectorSpec("qpos", len(names), names),
        action=VectorSpec("action", len(names), names),
        source=SourceSpec(str(folder), "offline folder", ""),
    )
    table = EpisodeTable(0, np.arange(steps) / rate_hz, rows, rows)
    frames = {key: _Still(image, steps) for key, image in images.items()}
    return OfflineObservation(spec, Episode(table, frames), tuple(notes))


@dataclass(frozen=True, eq=False)
class _Still:
    """See ``episode.FrameSource``."""

    image: NDArray[np.uint8]
    steps: int

    def __call__(self, first: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
        for _ in step_range(first, stop, self.steps):
            yield self.image


def _read_table(path: Path) -> tuple[list[str], list[str], list[str]]:
    """The names, the cells of the first line of positions, and notes."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"'{path}' is missing; it must hold the joints' names and, below, their positions") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read ({error}); write it again as text in UTF-8") from error
    try:
        lines = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if any(map(str.strip, row))]
    except csv.Error as error:
        raise DataError(f"'{path}' is no table of comma-separated values ({error}); write it again") from error
    if len(lines) < 2:
        raise DataError(
            f"'{path}' must hold a line with the joints' names and one with their positions, but has {len(lines)} "
            "lines; add what is missing"
        )
    header, cells = lines[0], lines[1]
    if len(cells) != len(header):
        raise DataError(f"'{path}' has {len(header)} names but {len(cells)} positions in the line below; make them fit")
    further = len(lines) - 2
    notes = (
        [f"{TABLE}: lines left out after the first positions, which the pictures show: {further}"] if further else []
    )
    return header, cells, notes


def _positions(
    header: Sequence[str], cells: Sequence[str], robot: Robot, problems: list[str], notes: list[str]
) -> list[float]:
    """The robot's positions in the order of its policy names, by these names or by those of its messages."""
    joints = tuple(joint for arm in robot.arms for joint in arm.joints)
    # Two arms of one kind may use the same joint names: then only policy names tell them apart.
    namings = (robot.policy_names, joints) if len(set(joints)) == len(joints) else (robot.policy_names,)
    known = next((names for names in namings if all(header.count(name) == 1 for name in names)), None)
    if known is None:
        missing = [name for name in robot.policy_names if header.count(name) != 1]
        problems.append(f"{TABLE} must name each of {missing} once, but names {list(header)}: rename its columns")
        return []
    strangers = [name for name in header if name and name not in known]
    notes += [f"{TABLE}: columns left out, which no arm of the robot file has: {strangers}"] if strangers else []
    values: list[float] = []
    for name in known:
        cell = cells[header.index(name)]
        try:
            values.append(float(cell))
        except ValueError:
            problems.append(f"{TABLE} has '{cell[:40]}' in column '{name}', which is no number: correct it")
    return values


def _pictures(folder: Path, robot: Robot, problems: list[str], notes: list[str]) -> dict[str, NDArray[np.uint8]]:
    """The pictures by image key, uint8 [H, W, 3] RGB."""
    images: dict[str, NDArray[np.uint8]] = {}
    present = sorted(path.name for path in folder.iterdir() if path.suffix.lower() == ".png")
    taken: set[str] = set()
    for camera in robot.cameras:
        names = [template.format(camera=camera.name) for template in PICTURES]
        found = [name for name in names if name in present]
        taken |= set(found)
        if len(found) != 1:
            wrong = "has both" if found else f"has none of them, only {present}"
            problems.append(f"camera '{camera.name}' needs '{names[0]}' or '{names[1]}', but the folder {wrong}")
            continue
        if camera.key in images:
            problems.append(f"two cameras feed '{camera.key}': give each a key of its own in the robot file")
        try:
            pixels = cv2.imread(str(folder / found[0]), cv2.IMREAD_COLOR)
        except cv2.error:  # for a size that is none of a camera's
            pixels = None
        if pixels is None:
            problems.append(f"'{found[0]}' is no whole picture: copy it again")
            continue
        images[camera.key] = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    others = [name for name in present if name not in taken]
    notes += [f"pictures left out, which no camera of the robot file has: {others}"] if others else []
    return images
