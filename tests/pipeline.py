"""The commands of the workspace as a user runs them, for tests."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROBOT = ROOT / "src/vita_bringup/config/ur12e.yaml"
TINY = (
    "train.steps=2",
    "train.batch_size=2",
    "train.save_freq=2",
    "device=cpu",
    "policy.vita.latent_dim=32",
    "policy.flow_net.hidden_dim=32",
    "policy.flow_net.num_layers=1",
    "policy.action_ae.net.enc_hidden_dim=32",
    "policy.action_ae.net.dec_hidden_dim=32",
    "policy.action_ae.net.num_layers=2",
)


def ros2_run(folder, package, executable, *arguments):
    """Run to the end in ``folder``, with its own place for training sets."""
    environment = {**os.environ, "FLARE_DATASETS_DIR": str(folder / "sets")}
    return subprocess.run(
        ["ros2", "run", package, executable, *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )


def succeed(result):
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def fail(result, code):
    """The command ended as a user's mistake should: its code, one sentence, no traceback. Returns the sentence."""
    assert result.returncode == code, result.stdout + result.stderr
    sentences = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(sentences) == 1, result.stderr
    assert "Traceback" not in result.stderr
    return sentences[0]


def train(folder, *overrides):
    return ros2_run(folder, "vita_train", "train", "policy=vita", "task=task.yaml", "session=test", *TINY, *overrides)
