"""Which checkpoint of a session does best on the held-out episodes: ``checkpoints/best.json``."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass

from vita_train.session import Session
from vita_train.validation_folder import read_score

FILE = "best.json"
WHY = "smallest mae_over_range.policy.executed of all validated steps that have a checkpoint"


@dataclass(frozen=True)
class Best:
    """The best step so far.

    Attributes:
        step: it has a checkpoint.
        score: mean over the joints of the executed part's absolute error over the joint's range; smaller is better.
        episodes: on which that was measured; scores on other episodes do not compare.
        extra: the checkpoint was made only because it is the best, and may go when it no longer is.
    """

    step: int
    score: float
    episodes: tuple[int, ...]
    extra: bool = False

    def beaten_by(self, score: float, episodes: tuple[int, ...]) -> bool:
        """Whether another step takes its place."""
        return self.episodes != episodes or score < self.score


def read_best(session: Session) -> Best | None:
    """The best checkpoint that a session has, None when it does not know one.

    Where the file is missing or damaged, or its checkpoint was moved away, the validations of the checkpoints that are
    there decide; of the same episodes as the newest of them.
    """
    saved = session.saved_steps()
    try:
        content = json.loads((session.checkpoints / FILE).read_bytes())
        episodes = tuple(int(episode) for episode in content["episodes"])
        best = Best(int(content["step"]), float(content["score"]), episodes, bool(content["extra"]))
        if best.step in saved and math.isfinite(best.score):
            return best
    except (OSError, ValueError, KeyError, TypeError):
        pass
    scores = {step: score for step in saved if (score := read_score(session.validation(step))) is not None}
    if not scores:
        return None
    newest = scores[max(scores)][0]
    step = min((step for step in scores if scores[step][0] == newest), key=lambda step: scores[step][1])
    return Best(step, scores[step][1], newest)


def write_best(session: Session, best: Best | None) -> None:
    """Write which step is best, whole or not at all; None removes the file.

    Raises:
        OSError: the disk does not take it.
    """
    path = session.checkpoints / FILE
    if best is None:
        path.unlink(missing_ok=True)
        return
    content = {
        "step": best.step,
        "checkpoint": session.checkpoint(best.step).name,
        "why": WHY,
        "score": best.score,
        "episodes": list(best.episodes),
        "validation": os.path.relpath(session.validation(best.step) / "metrics.json", session.checkpoints),
        "extra": best.extra,
    }
    partial = path.with_name(f".{FILE}.partial")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
