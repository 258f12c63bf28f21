"""Everything that is wrong is listed, and what is whole is read all the same."""

import numpy as np
import pytest

from vita_dataset.convert import convert
from vita_dataset.errors import DataError
from vita_dataset.sources import open_source
from vita_dataset.survey import survey
from vita_dataset.video import decode_video
from vita_dataset.video_encoder import encode_video

FRONT = "observation.images.front"
WRIST = "observation.images.wrist"


def test_damage_is_listed_and_the_rest_is_read(record):
    root = record(lengths=(5, 7, 6), codec="h264")
    video = root / f"videos/chunk-000/{FRONT}/episode_000001.mp4"
    encode_video(video, list(decode_video(video))[:-1], 10.0)
    (root / f"videos/chunk-000/{WRIST}/episode_000002.mp4").unlink()
    (root / "data/chunk-000/episode_000000.parquet").write_bytes(b"PAR1")
    seen = []
    found = survey(open_source(root), frames=True, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert found.report.lengths == (7, 6)
    assert found.report.images == 7 + 6
    for part, message in zip(("episode_000000", "has 6 frames, but", "episode_000002.mp4"), found.damage, strict=True):
        assert part in message
    assert set(found.report.cameras) == {FRONT, WRIST}
    assert not survey(open_source(root)).report.cameras


def test_the_damage_of_a_shared_file_is_listed_once(both):
    _, new = both("mpeg4", lengths=(3, 4, 5))
    (new / f"videos/{FRONT}/chunk-000/file-000.mp4").unlink()
    assert ["file-000.mp4' is missing" in line for line in survey(open_source(new), frames=True).damage] == [True]


def test_nothing_to_read_is_an_error(record):
    root = record(lengths=(5,))
    (root / "data/chunk-000/episode_000000.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="parquet"):
        survey(open_source(root))


def test_a_recording_and_what_was_made_of_it_say_the_same(record, tmp_path):
    root = record(lengths=(5, 7))
    result = convert(root, tmp_path / "out")
    for source in (open_source(root), open_source(result.output)):
        document = survey(source, frames=True).report.to_dict()
        assert {key: result.report[key] for key in document} == document
    tables = survey(open_source(result.output)).report
    assert tables.images == 0
    np.testing.assert_array_equal(tables.stats[FRONT].q99, open_source(result.output).stats[FRONT].q99)
