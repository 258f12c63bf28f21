"""The closed loop without ROS nodes: the same classes as on the robot, the same result each time."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from evaluate_support import HEIGHT, WIDTH, ExpertPlan, dataset_spec, layout_of, write_checkpoint

from vita_dataset.errors import UsageError
from vita_dataset.spec import CameraSpec
from vita_dataset.video import decode_video
from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.settings import read_settings
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_sim.cli import evaluate
from vita_sim.env import VitaSimEnv
from vita_sim.episode import FIRST_SEED
from vita_sim.evaluate import run_episode, run_evaluation, source_size
from vita_sim.render import DEFAULT_SIZE
from vita_sim.stage import open_stage

SEEDS = (FIRST_SEED, FIRST_SEED + 1)
ROBOT = "ur12e"


@pytest.fixture(scope="module")
def stage():
    return open_stage("lift", ROBOT)


@pytest.fixture
def env(stage):
    made = VitaSimEnv(stage, (HEIGHT, WIDTH))
    yield made
    made.close()


@pytest.fixture(scope="module")
def checkpoint(stage, tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), stage)


def loop(stage, predict, latency_ns=0, **changes):
    layout = layout_of(stage, dataset_spec(stage, **changes))
    return ControlLoop(layout, read_settings(stage.parameters), SimulatedWorker(predict, latency_ns), 8)


def test_the_experts_plan_succeeds_when_the_expert_did(stage, env, tmp_path):
    plan = ExpertPlan(stage, SEEDS[0], stage.scene.names)
    result, inference_ns = run_episode(env, loop(stage, plan), SEEDS[0], tmp_path, "film.mp4")
    assert result.success
    assert result.time_s == pytest.approx(plan.succeeded_ns / 1e9, abs=0.1)
    assert result.duration_s == pytest.approx(result.time_s + env.rules.tail_s, abs=0.04)
    assert (result.limited, result.hits, result.holds) == (0, {}, {})
    steps = round(result.duration_s * stage.rate_hz)
    assert result.commands == steps == len(list(decode_video(tmp_path / "film.mp4")))
    assert set(inference_ns) == {2_000_000}
    assert len(inference_ns) == -(-steps // 8)


def test_the_policys_order_of_joints_does_not_matter(stage, env, tmp_path):
    order = stage.scene.names[::-1]
    plan = ExpertPlan(stage, SEEDS[0], order)
    vector = replace(dataset_spec(stage).action, names=order)
    result, _ = run_episode(env, loop(stage, plan, action=vector), SEEDS[0], tmp_path)
    assert result.success


def test_latency_is_compensated(stage, env, tmp_path):
    plan = ExpertPlan(stage, SEEDS[0], stage.scene.names)
    result, _ = run_episode(env, loop(stage, plan, latency_ns=90_000_000), SEEDS[0], tmp_path)
    assert result.success
    assert result.holds == {"waiting for the first chunk": 3}


def test_while_it_holds_the_arm_stays(stage, env, tmp_path):
    env.rules = replace(env.rules, time_limit_s=0.5)

    def broken(matched):
        raise UsageError("no idea")

    result, inference_ns = run_episode(env, loop(stage, broken), SEEDS[0], tmp_path)
    moved = env.simulation.positions()
    env.reset(seed=SEEDS[0])
    assert abs(moved - env.simulation.positions()).max() < 0.01
    assert (result.success, result.time_s, result.commands, result.holds) == (False, None, 0, {"no idea": 15})
    assert inference_ns == []


def test_a_jump_is_limited_and_reported(stage, env, tmp_path):
    env.rules = replace(env.rules, time_limit_s=0.3)
    plan = ExpertPlan(stage, SEEDS[0], stage.scene.names)

    def hasty(matched):
        chunk = plan(matched)
        return replace(chunk, actions=chunk.actions + 0.3)

    result, _ = run_episode(env, loop(stage, hasty), SEEDS[0], tmp_path)
    assert result.limited > 0
    assert any(name.startswith("step: ") for name in result.hits)


def test_the_images_are_those_of_the_recordings(stage):
    spec = dataset_spec(stage)
    assert source_size(spec) == (HEIGHT, WIDTH)
    assert source_size(replace(spec, resize=(HEIGHT, WIDTH))) == DEFAULT_SIZE
    odd = (spec.cameras[0], CameraSpec(spec.cameras[1].key, 2 * HEIGHT, 2 * WIDTH))
    with pytest.raises(UsageError, match="--size"):
        source_size(replace(spec, cameras=odd))


def test_each_episode_counts_alone(stage, env, tmp_path):
    """An evaluation of two seeds is what two evaluations of one seed are."""
    plans = {seed: ExpertPlan(stage, seed, stage.scene.names) for seed in SEEDS}
    made = iter([plans[SEEDS[0]], plans[SEEDS[1]], plans[SEEDS[1]]])
    env.rules = replace(env.rules, time_limit_s=1.0)
    seen = []

    def run(seeds, videos):
        found = run_evaluation(
            env, lambda: loop(stage, next(made)), seeds, tmp_path, videos, lambda *count: seen.append(count)
        )
        return found.results

    both, second = run(SEEDS, 1), run(SEEDS[1:], 0)
    assert both[1] == second[0]
    assert [result.video for result in both] == [f"videos/episode_{SEEDS[0]}.mp4", None]
    assert seen == [(1, 2), (2, 2), (1, 1)]


def run_cli(checkpoint, out, *more):
    episodes = ["--robot", ROBOT, "--episodes", "2", "--time-limit-s", "0.7"]
    return evaluate(["--checkpoint", str(checkpoint), "--out", str(out), *episodes, *more])


def test_the_command_twice_gives_the_same_report(checkpoint, tmp_path, capsys):
    reports = []
    for _ in range(2):
        assert run_cli(checkpoint, tmp_path / "out", "--videos", "1", "--latency-ms", "50") == 0
        reports.append(json.loads((tmp_path / "out" / "evaluation.json").read_text()))
    assert capsys.readouterr().out.count("success: 0 of 2 = 0% (95% interval 0% to 66%)") == 2
    assert all(report.pop("timing")["inference_ms"]["p50"] > 0 for report in reports)
    assert reports[0] == reports[1]
    report = reports[0]
    assert (report["way"], report["scene"], report["episodes"]) == ("direct", "lift", 2)
    assert report["checkpoint"] == str(checkpoint)
    assert report["settings"]["image_size"] == [HEIGHT, WIDTH]
    assert report["settings"]["assumed_latency_ms"] == 50
    assert [row["seed"] for row in report["rows"]] == list(SEEDS)
    assert all(row["commands"] > 0 for row in report["rows"])
    assert [row["video"] for row in report["rows"]] == [f"videos/episode_{FIRST_SEED}.mp4", None]
    assert (tmp_path / "out" / report["rows"][0]["video"]).is_file()


def test_by_default_a_chunk_comes_a_tick_later_as_in_the_node(checkpoint, tmp_path):
    assert run_cli(checkpoint, tmp_path / "out", "--videos", "0") == 0
    report = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert report["holds"] == {"waiting for the first chunk": report["episodes"]}


def test_threads_of_torch_that_wait_do_not_spin():
    """The setting must be there when torch is first imported, so the command line may not import it before."""
    watch = """
import os, sys
from vita_sim.cli import evaluate
class Watch:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            print(os.environ.get("OMP_WAIT_POLICY"))
sys.meta_path.insert(0, Watch)
evaluate(["--checkpoint", "nothing_here"])
"""
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    done = subprocess.run([sys.executable, "-c", watch], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "PASSIVE\n"


def test_too_few_successes_exit_1_but_are_reported(checkpoint, tmp_path, capsys):
    assert run_cli(checkpoint, tmp_path / "out", "--videos", "0", "--min-success", "0.5") == 1
    assert "a success rate of 0.5 is asked for" in capsys.readouterr().err
    assert (tmp_path / "out" / "evaluation.json").is_file()


def error(capsys, code, *arguments):
    assert evaluate(list(arguments)) == code
    text = capsys.readouterr().err
    assert text.startswith("error: ")
    assert len(text.splitlines()) == 1
    return text


def test_mistakes_are_said_in_one_sentence(checkpoint, tmp_path, capsys):
    given = ("--checkpoint", str(checkpoint), "--robot", ROBOT, "--out", str(tmp_path / "out"))
    assert "at least 1 episode" in error(capsys, 2, *given, "--episodes", "0")
    assert "time limit" in error(capsys, 2, *given, "--time-limit-s", "-1")
    assert "r2d2" in error(capsys, 2, *given, "--robot", "r2d2")
    assert "nothing_here" in error(capsys, 1, "--checkpoint", str(tmp_path / "nothing_here"))
    (tmp_path / "notes.txt").write_text("mine")
    assert "no earlier evaluation" in error(capsys, 2, *given, "--out", str(tmp_path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [("--scene", "cup"), ("--min-success", "2"), ("--latency-ms", "-1"), ("--videos", "some"), ("--size", "64")],
)
def test_arguments_out_of_range_exit_2(checkpoint, arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        evaluate(["--checkpoint", str(checkpoint), *arguments])
    assert exit_.value.code == 2


def test_a_checkpoint_of_another_robot_is_refused_with_every_mismatch(stage, tmp_path, capsys):
    spec = dataset_spec(stage)
    cameras = (spec.cameras[0], CameraSpec("observation.images.left", HEIGHT, WIDTH))
    names = (*stage.scene.names[:-1], "hand")
    other = write_checkpoint(tmp_path, stage, fps=60.0, cameras=cameras, action=replace(spec.action, names=names))
    text = error(capsys, 1, "--checkpoint", str(other), "--robot", ROBOT, "--out", str(tmp_path / "out"))
    for words in ("observation.images.left", "wrist_right", "'hand'", "'gripper'", "rate_hz is 30"):
        assert words in text
