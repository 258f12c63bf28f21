"""Which checkpoint of a session is the best: ``checkpoints/best.json``."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any

from vita_train.session import Session
from vita_train.validation_folder import METRICS_FILE, ONLINE_FILE, read_error, read_success

FILE = "best.json"
HELD_OUT_ERROR, SUCCESS_RATE = "held_out_error", "success_rate"
WHY = {
    HELD_OUT_ERROR: "smallest mae_over_range.policy.executed of all validated steps that have a checkpoint",
    SUCCESS_RATE: "largest success rate of all validated steps that have a checkpoint; of equal ones the largest "
    "mean_max_reward, then the smallest error on held-out episodes",
}
SOURCE = {HELD_OUT_ERROR: METRICS_FILE, SUCCESS_RATE: ONLINE_FILE}


@dataclass(frozen=True)
class Score:
    """How good a step is, by one of two criteria; by the success rate where there is one.

    Attributes:
        success: share of successful episodes in an environment, None where the error on held-out episodes decides.
        reward: mean over those episodes of the largest reward of a step; 0 without.
        error: mean over the joints of the executed part's absolute error over the joint's range, on held-out episodes;
            None where none are held out.
        episodes: the held-out episodes behind ``error``, or what the episodes of ``success`` were. Scores on other
            episodes do not compare.
    """

    success: float | None
    reward: float
    error: float | None
    episodes: tuple[int | str, ...]

    @classmethod
    def of_error(cls, error: float, episodes: tuple[int, ...]) -> Score:
        """Of a step that is judged by held-out episodes."""
        return cls(None, 0.0, error, episodes)

    @property
    def criterion(self) -> str:
        """What decides."""
        return HELD_OUT_ERROR if self.success is None else SUCCESS_RATE

    @property
    def is_finite(self) -> bool:
        """Whether it is a score at all."""
        return all(math.isfinite(value) for value in (self.success, self.reward, self.error) if value is not None)

    @property
    def rank(self) -> tuple[float, ...]:
        """Larger is better."""
        error = -math.inf if self.error is None else -self.error
        return (error,) if self.success is None else (self.success, self.reward, error)

    def compares(self, other: Score) -> bool:
        """Whether both were measured by the same criterion on the same episodes."""
        return (self.criterion, self.episodes) == (other.criterion, other.episodes)


@dataclass(frozen=True)
class Best:
    """The best step so far.

    Attributes:
        step: it has a checkpoint.
        score: why it is the best.
        extra: the checkpoint was made only because it is the best, and may go when it no longer is.
    """

    step: int
    score: Score
    extra: bool = False

    def beaten_by(self, score: Score) -> bool:
        """Whether another step takes its place."""
        return not score.compares(self.score) or score.rank > self.score.rank


def read_best(session: Session) -> Best | None:
    """The best checkpoint that a session has, None when it does not know one.

    Where the file is missing or damaged, or its checkpoint was moved away, the validations of the checkpoints that are
    there decide; by the criterion and of the same episodes as the newest of them.
    """
    saved = session.saved_steps()
    try:
        content = json.loads((session.checkpoints / FILE).read_bytes())
        best = Best(int(content["step"]), _read_score(content), bool(content["extra"]))
        if best.step in saved and best.score.is_finite:
            return best
    except (OSError, ValueError, KeyError, TypeError):
        pass
    scores = {step: score for step in saved if (score := _measured(session, step)) is not None and score.is_finite}
    if not scores:
        return None
    newest = scores[max(scores)]
    # Of equal ones the first, as a training keeps it.
    step = max((step for step in scores if scores[step].compares(newest)), key=lambda step: (scores[step].rank, -step))
    return Best(step, scores[step])


def write_best(session: Session, best: Best | None) -> None:
    """Write which step is best, whole or not at all; None removes the file.

    Raises:
        OSError: the disk does not take it.
    """
    path = session.checkpoints / FILE
    if best is None:
        path.unlink(missing_ok=True)
        return
    score = best.score
    content: dict[str, Any] = {
        "step": best.step,
        "checkpoint": session.checkpoint(best.step).name,
        "criterion": score.criterion,
        "why": WHY[score.criterion],
        "score": score.error if score.success is None else score.success,
        "episodes": list(score.episodes),
        "validation": os.path.relpath(session.validation(best.step) / SOURCE[score.criterion], session.checkpoints),
        "extra": best.extra,
    }
    if score.success is not None:
        content |= {"mean_max_reward": score.reward, "held_out_error": score.error}
    partial = path.with_name(f".{FILE}.partial")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def _read_score(content: dict[str, Any]) -> Score:
    value, episodes = float(content["score"]), content["episodes"]
    # Files of before there was a choice name no criterion.
    if content.get("criterion", HELD_OUT_ERROR) == HELD_OUT_ERROR:
        return Score.of_error(value, tuple(int(episode) for episode in episodes))
    error = content["held_out_error"]
    return Score(
        value, float(content["mean_max_reward"]), None if error is None else float(error), tuple(map(str, episodes))
    )


def _measured(session: Session, step: int) -> Score | None:
    """What the validation of a step says, None where there is none."""
    folder = session.validation(step)
    held_out, online = read_error(folder), read_success(folder)
    if online is not None:
        success, reward, episodes = online
        return Score(success, reward, None if held_out is None else held_out[1], (episodes,))
    return None if held_out is None else Score.of_error(held_out[1], held_out[0])
