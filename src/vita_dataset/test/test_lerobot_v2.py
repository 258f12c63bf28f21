import json

import pytest

from vita_dataset.errors import DataError
from vita_dataset.lerobot_info import read_info
from vita_dataset.lerobot_v2 import OwnFiles

INFO = {
    "codebase_version": "v2.1",
    "fps": 30,
    "total_episodes": 2,
    "chunks_size": 1,
    "data_path": "d/{chunk_index:02d}/{episode_index}.parquet",
    "video_path": "videos/{episode_chunk}/{video_key}.mp4",
    "features": {},
}


@pytest.fixture
def files(tmp_path):
    """The files of a dataset with this info.json and list of episodes."""

    def read(episodes=None, note=print, **changes):
        (tmp_path / "meta").mkdir(exist_ok=True)
        (tmp_path / "meta/info.json").write_text(json.dumps({**INFO, **changes}))
        if episodes is not None:
            (tmp_path / "meta/episodes.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in episodes))
        return OwnFiles(read_info(tmp_path), note)

    return read


def test_each_episode_has_its_own_files(files, tmp_path):
    own = files()
    assert own.data_file(1) == tmp_path / "d/01/1.parquet"
    segment = own.video(1, "front")
    assert (segment.file, segment.is_whole) == (tmp_path / "videos/1/front.mp4", True)
    assert own.recorded(["front"]) == [
        tmp_path / name
        for name in ("meta/info.json", "d/00/0.parquet", "videos/0/front.mp4", "d/01/1.parquet", "videos/1/front.mp4")
    ]


def test_tasks_of_episodes(files):
    own = files([{"episode_index": 1, "length": 7}, {"episode_index": 0, "tasks": ["go", "stop"]}])
    assert (own.task(0), own.task(1)) == ("go", "")
    assert own.tasks() == {}


def test_texts_may_hold_what_ends_lines_in_unicode(files, tmp_path):
    files([{"episode_index": 0}, {"episode_index": 1}])
    lines = [
        json.dumps({"episode_index": index, "tasks": ["one\u2028two\x85"]}, ensure_ascii=False) for index in (0, 1)
    ]
    (tmp_path / "meta/episodes.jsonl").write_bytes("\r\n".join(lines).encode())
    assert files().task(1) == "one\u2028two\x85"


def test_videos_in_a_folder_of_another_name(files, tmp_path):
    (tmp_path / "video/0").mkdir(parents=True)
    (tmp_path / "video/0/front.mp4").touch()
    notes = []
    assert files(note=notes.append).video(0, "front").file == tmp_path / "video/0/front.mp4"
    assert notes == ["meta/info.json says videos/, but the videos are in video/ and were read there"]
    assert files(note=notes.append, video_path="").video(0, "front").file == tmp_path


@pytest.mark.parametrize(
    ("episodes", "message"),
    [
        ([{"episode_index": 0}], r"must list the 2 episodes of meta/info.json.* missing are \[1\]"),
        ([{"episode_index": 0}, {"episode_index": 2}], r"missing are \[1\]"),
        ([{"episode_index": index} for index in range(3)], r"beyond them are \[2\]"),
        ([{"episode_index": index} for index in (0, 1, 0)], r"listed more than once are \[0\]"),
        ([{"index": 0}], "line 1 of"),
        ([{"episode_index": float("inf")}], "line 1 of"),
        ([3], "line 1 of"),
    ],
)
def test_episodes_that_do_not_add_up(files, episodes, message):
    with pytest.raises(DataError, match=message):
        files(episodes)


def test_a_template_that_fits_another_version_is_refused(files):
    with pytest.raises(
        DataError, match=r"'data_path' .* something else than episode_chunk, chunk_index, episode_index"
    ):
        files(data_path="data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet")
