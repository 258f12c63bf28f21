"""What a dataset holds, as text for a person."""

from __future__ import annotations

from pathlib import Path

from vita_dataset.progress import clock_time
from vita_dataset.sources import EpisodeSource
from vita_dataset.spec import VectorSpec
from vita_dataset.stats import FeatureStats
from vita_dataset.survey import Survey
from vita_dataset.zarr_store import ConvertedDataset


def describe(path: Path, source: EpisodeSource, found: Survey) -> str:
    """Features, names, sizes, statistics and warnings of a dataset.

    Args:
        path: its folder.
        source: the dataset.
        found: its ranges and findings.
    """
    spec = source.spec
    kind = "converted dataset" if isinstance(source, ConvertedDataset) else f"LeRobot {spec.source.codebase_version}"
    lines = [
        f"{spec.repo_id} ({kind}, {folder_bytes(path) / 1e6:.1f} MB) in {path}",
        f"{source.episode_count} episodes, {found.steps} steps, {clock_time(found.seconds)} at {spec.fps:g} Hz",
    ]
    if isinstance(source, ConvertedDataset):
        lines.append(f"from {spec.source.path} (LeRobot {spec.source.codebase_version}, {spec.source.fingerprint})")
    lines += ["", "cameras (H x W)"]
    lines += [f"  {camera.key}  {camera.height}x{camera.width}" for camera in spec.cameras]
    lines += _vector("state", spec.state, found.state)
    lines += _vector("action", spec.action, found.action)
    if isinstance(source, ConvertedDataset):
        lines += ["", "pixels, 0..1 (R G B)"]
        for camera in spec.cameras:
            stats = source.stats[camera.key]
            mean, std = (" ".join(f"{value:.3f}" for value in part.reshape(-1)) for part in (stats.mean, stats.std))
            lines.append(f"  {camera.key}  mean {mean}  std {std}")
    for title, entries in (("warnings", found.findings), ("read in spite of", tuple(source.notes))):
        if entries:
            lines += ["", title, *[f"  {entry}" for entry in entries]]
    return "\n".join(lines) + "\n"


def folder_bytes(path: Path) -> int:
    """The size of all files in a folder."""
    return sum(item.stat().st_size for item in path.rglob("*") if item.is_file())


def _vector(kind: str, vector: VectorSpec, stats: FeatureStats) -> list[str]:
    width = max(len(name) for name in vector.labels)
    unnamed = "" if vector.names else ", elements not named"
    lines = ["", f"{kind}: {vector.key} [{vector.dim}]{unnamed}"]
    lines.append(f"  {'':<{width}} {'min':>10} {'max':>10} {'mean':>10} {'std':>10}")
    for element, name in enumerate(vector.labels):
        values = (part[element] for part in (stats.min, stats.max, stats.mean, stats.std))
        lines.append(f"  {name:<{width}} " + " ".join(f"{value:>10.4f}" for value in values))
    return lines
