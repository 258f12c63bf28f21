"""Several processes that train together, on a CPU. The first is this one wherever nothing can kill it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from vita_train import companions
from vita_train.data import BatchDataset
from vita_train.training_state import read_training_state

DEADLINE_S = 120.0
SMALL = ("policy.observer=small", "policy.vita.latent_dim=16", "policy.flow_net.hidden_dim=16")
TWO = ("train.devices=2", "train.strategy=ddp")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "flare_outputs" / "reach" / "vita"


@pytest.fixture(autouse=True)
def one_thread_each(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def state(session: Path, step: int):
    return read_training_state(session / "checkpoints" / f"step_{step:010d}")


def interrupt(monkeypatch, at: int, act) -> None:
    """Do something when this process gathers its batch of that number; the others do not know of it."""
    gather = BatchDataset.__getitem__

    def act_and_gather(self, number):
        if number == at:
            act()
        return gather(self, number)

    monkeypatch.setattr(BatchDataset, "__getitem__", act_and_gather)


def test_two_processes_learn_what_one_learns_in_two_turns_and_stop_together(train, root, monkeypatch, capsys):
    # A whole run is long, because the learning rate follows its length.
    whole = ("train.steps=40", "train.save_freq=40", "optimizer_lr=1e-3")
    with monkeypatch.context() as patch:
        interrupt(patch, 5, lambda: signal.raise_signal(signal.SIGTERM))
        assert train(*whole, "session=turns", "train.accumulate_grad_batches=2") == 143
    with monkeypatch.context() as patch:
        interrupt(patch, 2, lambda: signal.raise_signal(signal.SIGTERM))
        assert train(*whole, "session=both", *TWO) == 143
    assert capsys.readouterr().out.count("stopped by SIGTERM after step 3") == 2
    assert multiprocessing.active_children() == []
    assert not {"LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} & set(os.environ)
    assert not torch.distributed.is_initialized()
    turns, both = state(root / "turns", 3), state(root / "both", 3)
    for name, weight in turns.weights.items():
        torch.testing.assert_close(both.weights[name], weight, rtol=1e-5, atol=1e-6)
    for name, weight in turns.ema.items():
        torch.testing.assert_close(both.ema[name], weight, rtol=1e-5, atol=1e-6)


def test_a_process_that_is_gone_ends_the_run_in_words(train, root, monkeypatch, capsys):
    monkeypatch.setattr(companions, "GRACE_S", DEADLINE_S)

    def kill_the_other():
        (other,) = multiprocessing.active_children()
        os.kill(other.pid, signal.SIGKILL)

    interrupt(monkeypatch, 2, kill_the_other)
    assert train("train.steps=2000", "train.save_freq=1", *TWO) == 1
    err = capsys.readouterr().err
    assert "process 2 of 2 ended (killed by SIGKILL); go on from the newest checkpoint with resume=true" in err
    assert "Traceback" not in err
    assert multiprocessing.active_children() == []
    assert (root / "s" / "checkpoints" / "step_0000000001").is_dir()


def test_nothing_is_imported_unasked_and_no_process_outlives_the_first(tmp_path, dataset, make_task, root):
    task = make_task(tmp_path / "reach.yaml", dataset)
    settings = [f"task={task}", f"base_dir={tmp_path}", "session=s", "device=cpu", "train.batch_size=2", *SMALL]
    code = (
        "import sys; from vita_train import companions, training; from vita_train.cli import train_command; "
        "{'wandb', 'tensorboard'} & set(sys.modules) or train_command(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, *settings, *TWO, "train.steps=1000000", "train.save_freq=1000000"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as first:
        try:
            # It would end at once with one of the loggers that it was not asked for.
            wait_for(lambda: first.poll() is not None or rows(root / "s"))
            assert first.poll() is None
            (other,) = [pid for pid in children(first.pid) if b"spawn_main" in command_line(pid)]
            first.kill()
            first.wait(DEADLINE_S)
            wait_for(lambda: not command_line(other))
        finally:
            first.kill()


def rows(session: Path) -> bool:
    """Whether training is on its way."""
    log = session / "logs" / "train.log"
    return log.is_file() and "step " in log.read_text()


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def wait_for(condition) -> None:
    end_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.05)
