"""One bag through a policy, and what is written of it: report.json, report.png and report.html."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vita_dataset.errors import DataError
from vita_dataset.robot import read_parameters
from vita_policy_node.recorded_actions import read_recorded_actions
from vita_policy_node.replay import replay_bag
from vita_policy_node.replay_html import report_page
from vita_policy_node.replay_live import match_nearest, read_commands
from vita_policy_node.replay_plot import plot_replay
from vita_policy_node.replay_report import ReplayReport, make_report
from vita_policy_node.replay_thresholds import Judgement, Threshold, check_joints, judge
from vita_policy_node.robot_files import find_robot_file
from vita_policy_node.serving import Serving, open_checkpoint
from vita_policy_node.whole_files import write_json, write_whole, writing_to


@dataclass(frozen=True)
class Outcome:
    """What came of one bag: the report, how it stands to the thresholds, and its folder."""

    report: ReplayReport
    judgements: tuple[Judgement, ...]
    out: Path

    @property
    def failures(self) -> list[str]:
        """One sentence for each threshold that was not passed."""
        return [judgement.sentence() for judgement in self.judgements if not judgement.passed]


@dataclass
class Replayer:
    """Replays bags with one policy.

    Attributes:
        checkpoint: step, checkpoints or session folder.
        robot: robot file or its name; empty = robot.yaml in each bag.
        device: where the model runs; empty = what the robot file says.
        latency_ns: assumed time from request to chunk.
        thresholds: what each bag must pass.
    """

    checkpoint: str
    robot: str = ""
    device: str = ""
    latency_ns: int = 0
    thresholds: tuple[Threshold, ...] = ()
    _opened: tuple[dict[str, Any], Serving] | None = field(default=None, init=False, repr=False)

    def run(self, bag: Path, out: Path, commands: Path | None = None) -> Outcome:
        """Replay a bag and write its report.

        Args:
            bag: the bag's folder.
            out: folder for the three files; made where it is missing.
            commands: the bag of a live replay of ``bag``, to be compared as well.

        Raises:
            VitaError: the bag, the robot file or the checkpoint is not what it must be, a threshold is for another
                robot, or ``out`` cannot be written.
        """
        robot_file = find_robot_file(self.robot) if self.robot else bag / "robot.yaml"
        serving = self._open(robot_file)
        policy, layout = serving.policy, serving.layout
        check_joints(self.thresholds, layout.limits.names)
        horizons = {"action_horizon": policy.config.action_horizon, "obs_horizon": policy.config.obs_horizon}
        result = replay_bag(bag, layout, serving.settings, policy.predict_chunk, latency_ns=self.latency_ns, **horizons)
        recorded = read_recorded_actions(bag, layout)
        live = read_commands(commands, layout) if commands else {}
        pairs = match_nearest(live, recorded, layout.period_ns)
        beside = (np.array([live[a] for a, _ in pairs]), np.array([recorded[b] for _, b in pairs])) if pairs else None
        origin = {
            "bag": str(bag),
            "checkpoint": str(policy.checkpoint),
            "checkpoint_step": policy.step,
            "robot": str(robot_file),
            "rate_hz": round(1e9 / layout.period_ns, 6),
        }
        report = make_report(result, np.array(list(recorded.values())), beside, origin)
        outcome = Outcome(report, judge(self.thresholds, report), out)
        with writing_to(out):
            document = document_of(outcome)
            plot = plot_replay(result, recorded, live)
            write_json(out / "report.json", document)
            write_whole(out / "report.png", plot)
            write_whole(out / "report.html", report_page(document, outcome.judgements, plot).encode("utf-8"))
        if commands and not pairs:
            raise DataError(f"bag '{commands}' holds no command beside a recorded action; was the node active?")
        return outcome

    def _open(self, robot_file: Path) -> Serving:
        """The policy for a robot; loaded once for bags of the same robot."""
        parameters = {**read_parameters(robot_file), "checkpoint": self.checkpoint}
        if self.device:
            parameters["device"] = self.device
        if self._opened is None or self._opened[0] != parameters:
            self._opened = parameters, open_checkpoint(parameters)
        return self._opened[1]


def document_of(outcome: Outcome) -> dict[str, Any]:
    """What report.json holds: the report, and how it stands to the thresholds if there are any; ``timing`` last."""
    document = outcome.report.to_dict()
    timing = document.pop("timing")
    judged = {
        "thresholds": [judgement.to_dict() for judgement in outcome.judgements],
        "passed": not outcome.failures if outcome.judgements else None,
    }
    return {**document, **judged, "timing": timing}
