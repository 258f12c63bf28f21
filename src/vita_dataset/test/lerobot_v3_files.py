"""Turns a LeRobot v2.1 recording into v3.0 as it is published: shared tables and videos, lists in parquet."""

import json
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

EPISODES_FILE = "meta/episodes/chunk-000/file-000.parquet"


def write_v3(
    source: Path,
    target: Path,
    *,
    per_table: int = 2,
    per_video: int = 3,
    chunk_size: int = 1,
    one_row_group: bool = False,
) -> Path:
    """Write the recording again.

    Args:
        source: a v2.1 recording.
        target: the folder to make.
        per_table: episodes in a table.
        per_video: episodes in a video.
        chunk_size: files in a chunk.
        one_row_group: as the converter from v2.1 writes tables; the recorder writes one for each episode.
    """
    info = json.loads((source / "meta/info.json").read_text())
    episodes = [json.loads(line) for line in (source / "meta/episodes.jsonl").read_text().splitlines()]
    rows = [{**episode, "meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0} for episode in episodes]
    _tables(source, target, rows, per_table, chunk_size, one_row_group)
    for key, feature in info["features"].items():
        if feature["dtype"] == "video":
            _videos(source, target, rows, key, info["fps"], per_video, chunk_size)
        else:
            feature["fps"] = info["fps"]
    _lists(source, target, rows)
    for name in ("total_chunks", "total_videos"):
        del info[name]
    info |= {
        "codebase_version": "v3.0",
        "chunks_size": chunk_size,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    }
    (target / "meta/info.json").write_text(json.dumps(info, indent=4))
    return target


def _groups(rows, size, chunk_size):
    """Episodes that share a file, with its place."""
    for number in range(-(-len(rows) // size)):
        yield rows[number * size : (number + 1) * size], *divmod(number, chunk_size)


def _tables(source, target, rows, per_table, chunk_size, one_row_group):
    position = 0
    for group, chunk, file in _groups(rows, per_table, chunk_size):
        tables = [pq.read_table(source / f"data/chunk-000/episode_{row['episode_index']:06d}.parquet") for row in group]
        path = target / f"data/chunk-{chunk:03d}/file-{file:03d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(path, tables[0].schema) as writer:
            for table in [pa.concat_tables(tables)] if one_row_group else tables:
                writer.write_table(table)
        for row in group:
            row |= {"data/chunk_index": chunk, "data/file_index": file, "dataset_from_index": position}
            position += row["length"]
            row["dataset_to_index"] = position


def _videos(source, target, rows, key, fps, per_video, chunk_size):
    for group, chunk, file in _groups(rows, per_video, chunk_size):
        path = target / f"videos/{key}/chunk-{chunk:03d}/file-{file:03d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        join_videos([source / f"videos/chunk-000/{key}/episode_{row['episode_index']:06d}.mp4" for row in group], path)
        start_s = 0.0
        for row in group:
            stop_s = start_s + row["length"] / fps
            row |= {f"videos/{key}/chunk_index": chunk, f"videos/{key}/file_index": file}
            row |= {f"videos/{key}/from_timestamp": start_s, f"videos/{key}/to_timestamp": stop_s}
            start_s = stop_s


def join_videos(parts, path):
    """One video after the other, packets as they are."""
    listed = path.with_suffix(".ffconcat")
    listed.write_text("ffconcat version 1.0\n" + "".join(f"file '{part}'\n" for part in parts))
    with (
        av.open(str(listed), format="concat", options={"safe": "0"}) as joined,
        av.open(str(path), "w", format="mp4") as output,
    ):
        stream = joined.streams.video[0]
        written = output.add_stream_from_template(stream, opaque=True)
        for packet in joined.demux(stream):
            if packet.dts is not None:
                packet.stream = written
                output.mux(packet)
    listed.unlink()


def _lists(source, target, rows):
    stats = [json.loads(line) for line in (source / "meta/episodes_stats.jsonl").read_text().splitlines()]
    for row, entry in zip(rows, stats, strict=True):
        for key, values in entry["stats"].items():
            row |= {f"stats/{key}/{name}": value for name, value in values.items()}
    (target / EPISODES_FILE).parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), target / EPISODES_FILE)
    tasks = [json.loads(line) for line in (source / "meta/tasks.jsonl").read_text().splitlines()]
    columns = {"task_index": [task["task_index"] for task in tasks], "task": [task["task"] for task in tasks]}
    pq.write_table(pa.table(columns), target / "meta/tasks.parquet")
    whole = {key: {"mean": np.atleast_1d(values["mean"]).tolist()} for key, values in stats[0]["stats"].items()}
    (target / "meta/stats.json").write_text(json.dumps(whole))


def change_episodes(root, change):
    """Rewrite the list of episodes: ``change`` gets its columns by name and edits them."""
    path = root / EPISODES_FILE
    columns = pq.read_table(path).to_pydict()
    change(columns)
    pq.write_table(pa.table(columns), path)
