from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import av
import matplotlib.image
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vita_dataset.errors import UsageError
from vita_train import wandb_run
from vita_train.logger_settings import LoggerSettings, WandbSettings
from vita_train.loggers import check_loggers, log_images, log_videos, open_loggers

WANDB = WandbSettings("project", None, "name", None, "group", ("tag",), "offline", upload_checkpoints=False)


@pytest.fixture(autouse=True)
def nobody_is_logged_in(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    check_loggers(LoggerSettings())
    with pytest.raises(UsageError, match=r"package tensorboard, which is not installed; pip install tensorboard,"):
        check_loggers(LoggerSettings(tensorboard=True))
    with pytest.raises(UsageError, match="pip install wandb"):
        check_loggers(LoggerSettings(wandb=WANDB))


def test_a_missing_login_is_one_sentence(monkeypatch):
    check_loggers(LoggerSettings(wandb=WANDB))
    online = LoggerSettings(wandb=replace(WANDB, mode=None))
    with pytest.raises(UsageError, match=r"nobody is logged in .*'wandb login'.*wandb\.mode=offline"):
        check_loggers(online)
    monkeypatch.setenv("WANDB_MODE", "offline")
    check_loggers(online)
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("WANDB_API_KEY", "no key")
    with pytest.raises(UsageError, match="refuses the login"):
        check_loggers(online)


def test_tensorboard_goes_on_in_its_folder_and_shows_pictures_and_films(tmp_path):
    settings, config = LoggerSettings(tensorboard=True), {"train": {"steps": 9}}
    plot, film = tmp_path / "episode_3.png", tmp_path / "film.mp4"
    matplotlib.image.imsave(plot, np.zeros((24, 32, 3)))
    write_film(film, frames=5)
    for first, last, value in ((0, 4, 1.0), (2, 3, 2.0)):
        with open_loggers(settings, tmp_path, f"part_{first}", first, config) as loggers:
            for step in range(first + 1, last + 1):
                for logger in loggers:
                    logger.log_metrics({"loss": value}, step)
            log_images(loggers, last, {"val/plot": plot, "val/gone": tmp_path / "gone.png"})
            log_videos(loggers, last, {"val/film": film})
            for logger in loggers:
                logger.finalize("success")
    assert len(list((tmp_path / "metrics").glob("part_*/metrics.csv"))) == 2
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    # The second part began after step 2, so what the first had logged of the later ones is gone.
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(1, 1.0), (2, 1.0), (3, 2.0)]
    assert set(events.Tags()["images"]) == {"val/plot", "val/film"}
    picture, moving = events.Images("val/plot")[-1], events.Images("val/film")[-1]
    assert (picture.step, picture.height, picture.width) == (3, 24, 32)
    assert (moving.height, moving.width) == (16, 48)
    assert moving.encoded_image_string[:4] == b"GIF8"


def test_what_a_full_disk_refuses_comes_to_tensorboard_later(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "vita_train")
    with open_loggers(LoggerSettings(tensorboard=True), tmp_path, "part", 0, {}) as (_, board):
        board.log_metrics({"loss": 1.0}, 1)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", a_disk_that_takes_only_five_bytes)
            for step in (2, 3):
                board.log_metrics({"loss": 1.0}, step)
        board.log_metrics({"loss": 1.0}, 4)
        board.finalize("success")
    refused, again = caplog.messages
    assert "cannot be written (No space left); training goes on" in refused
    assert "is written again" in again
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 2, 3, 4]


def test_a_resumed_run_at_wandb_is_the_same_run(tmp_path, monkeypatch):
    begun, ended = [], []

    class Run:
        offline, url = True, None

        def define_metric(self, *names, **settings):
            pass

        def finish(self, exit_code):
            ended.append(exit_code)

    def init(**settings):
        begun.append(settings)
        return Run()

    monkeypatch.setattr(wandb_run.wandb, "init", init)
    with open_loggers(LoggerSettings(wandb=WANDB), tmp_path, "one", 0, {"seed": 1}) as loggers:
        assert len(loggers) == 2
    with pytest.raises(ZeroDivisionError), open_loggers(LoggerSettings(wandb=WANDB), tmp_path, "two", 5, {}):
        raise ZeroDivisionError
    one, two = begun
    assert one["id"] == two["id"]
    assert (one["resume"], one["mode"], one["dir"], one["config"]) == ("allow", "offline", tmp_path, {"seed": 1})
    assert ended == [0, 1]


def test_what_wandb_refuses_is_one_sentence(tmp_path, monkeypatch):
    def refuse(**settings):
        raise wandb_run.wandb.errors.CommError("no network\ntrace")

    monkeypatch.setattr(wandb_run.wandb, "init", refuse)
    with (
        pytest.raises(UsageError, match=r"did not take the run \(no network\).*wandb sync"),
        open_loggers(LoggerSettings(wandb=WANDB), tmp_path, "one", 0, {}),
    ):
        pass


def a_disk_that_takes_only_five_bytes(path, mode):
    file = open(path, mode)  # noqa: SIM115, PTH123 (this stands for the method)

    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *_error):
            file.close()

        def __getattr__(self, name):
            return getattr(file, name)

        def write(self, content):
            file.write(content[:5])
            raise OSError("No space left")

    return Full()


def write_film(path, frames):
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 48, 16, "yuv420p"
        for number in range(frames):
            image = np.full((16, 48, 3), 50 * number, dtype=np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        film.mux(stream.encode())
