"""Runs one drawn sequence of messages, faults and calls through a control loop, judged at every tick."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from fuzz_messages import COMPRESSED, JOINTS, RAW, STAMPS, Mutation, joint_state, picture
from fuzz_oracle import Oracle
from fuzz_setup import Setup, draw_setup, retuned
from policy_node_fakes import START_NS

from vita_dataset.errors import DataError, VitaError
from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.inference_worker import Prediction
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.settings import NodeSettings
from vita_train.policy.observation import ActionChunk

CALLS = ("stop", "start", "restart", "reset", "reactivate", "adopt", "retune")
EVENTS = (*CALLS, "jump", "silence", "block", "pause", "arm", "")
TABLES: dict[str, dict[str, Mutation]] = {"raw": RAW, "compressed": COMPRESSED, "joint_state": JOINTS}
CHUNKS = ("wave", "far", "nan", "infinite", "huge", "names", "refused", "bug", "short", "old", "never")


class FuzzBugError(RuntimeError):
    """A mistake in the model's own code, as the node's outermost guard meets it."""


@dataclass
class Figures:
    """What sequences were made of: so many of each mutation, event and chunk, and what came of them."""

    drawn: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    ticks: int = 0
    messages: int = 0
    commands: int = 0


class FuzzWorker:
    """A model that takes its time, answers anything, and may never answer."""

    def __init__(self, rng: Random, setup: Setup, figures: Figures) -> None:
        self._rng, self._setup, self._figures = rng, setup, figures
        self._builder = ObservationBuilder(setup.layout, setup.settings)
        self._waiting: tuple[int, MatchedSet] | None = None
        self._latencies = rng.choice([(0.0,), (0.0, 0.03), (0.02, 0.05, 0.2)])
        self.kinds: tuple[str, ...] = ("wave",)
        self._phase = rng.uniform(0, 6.28)
        self._speed = rng.choice([0.2, 1.0, 4.0])
        self._swing = rng.choice([0.1, 0.6])
        # One policy has one width, so chunks of different widths are never mixed.
        self._wide = rng.random() < 0.05 and setup.settings.schedule.schedule in ("open_loop", "receding")

    def submit(self, matched: MatchedSet, now_ns: int) -> None:
        self._waiting = now_ns + round(self._rng.choice(self._latencies) * 1e9), matched

    def poll(self, now_ns: int) -> Prediction | None:
        if self._waiting is None or now_ns < self._waiting[0]:
            return None
        kind = self._rng.choice(self.kinds)
        if kind == "never":
            return None
        self._figures.drawn[f"chunk {kind}"] += 1
        matched, self._waiting = self._waiting[1], None
        if kind == "bug":
            raise FuzzBugError
        try:
            return Prediction(self._chunk(kind, matched))
        except VitaError as error:
            return Prediction.failed(error)

    def reset(self) -> None:
        self._waiting = None

    def retune(self, settings: NodeSettings) -> None:
        self._builder.retune(settings)

    def _chunk(self, kind: str, matched: MatchedSet) -> ActionChunk:
        observed = self._builder.build(matched)
        assert len(observed) == self._setup.obs_horizon
        if kind == "refused":
            raise DataError("the model refuses")
        layout, names = self._setup.layout, self._setup.layout.limits.names
        length = self._rng.choice([1, 2]) if kind == "short" else 16
        times = (matched.stamp_ns - START_NS + np.arange(length) * layout.step_ns) / 1e9
        swing = self._swing * np.sin(self._speed * times + self._phase)[:, None]
        actions = np.tile(self._setup.middle, (length, 1)) + swing
        if kind == "far":
            actions += self._rng.choice([-9.0, 9.0])
        bad = {"nan": np.nan, "infinite": np.inf, "huge": 1e38}.get(kind)
        if bad is not None:
            actions[self._rng.randrange(length), self._rng.randrange(len(names))] = bad
        if self._wide:
            actions = np.append(actions, actions[:, :1], axis=1)
        stamp_ns = matched.stamp_ns - (self._rng.randrange(3 * 10**9) if kind == "old" else 0)
        told = names[::-1] if kind == "names" else names
        return ActionChunk(stamp_ns, layout.step_ns, actions.astype(np.float32), told)


class Sequence:
    """A robot with its drivers, a policy and an operator, all of them drawn."""

    def __init__(self, rng: Random, figures: Figures) -> None:
        self._rng, self._figures = rng, figures
        self._setup = setup = draw_setup(rng)
        self._worker = FuzzWorker(rng, setup, figures)
        self.loop = self._make_loop()
        self._oracle = Oracle(setup)
        self._pose = setup.middle + rng.choice([0.0] * 6 + [0.2, 0.5, 1.5]) * rng.choice([-1, 1])
        self._path = [self._pose]
        self._lag = rng.choice([0, 0, 1, 3])
        self._stuck = False
        # Jitter of the timer and jumps of the clock are not mixed: together nobody could say what time has passed.
        self._jitters = rng.random() < 0.3
        self._real_ns = 0
        self._offset_ns = 0
        self._silent: set[int] = set()
        self._blocked = ""
        self._mutations: dict[int, tuple[float, tuple[str, ...]]] = {}
        self._number = 0
        self._newest: dict[int, Any] = {}

    def run(self) -> None:
        """Begin soundly, so that there is motion to break, then break it again and again."""
        self._call("start")
        self._ticks(self._rng.randint(3, 12))
        for _ in range(self._rng.randint(1, 4)):
            self._draw_event()
            self._draw_mutations()
            self._ticks(self._rng.randint(2, 16))
        self._figures.commands += self._oracle.commands
        self._count_hits()

    def _ticks(self, count: int) -> None:
        for _ in range(count):
            self._tick()

    def _tick(self) -> None:
        period_ns = self._setup.layout.period_ns
        self._real_ns += period_ns
        late_ns = self._rng.randrange(period_ns * 9 // 10) if self._jitters else 0
        real_ns = self._real_ns + late_ns
        now_ns = START_NS + real_ns + self._offset_ns
        self._feed(now_ns, real_ns)
        try:
            tick = self.loop.tick(now_ns, self._blocked)
        except FuzzBugError:
            self._call("stop")
            return
        self._figures.ticks += 1
        self._oracle.check(tick, now_ns, real_ns, self._blocked)
        if tick.command is not None and not self._stuck:
            self._path.append(tick.command)
        self._pose = self._path[max(0, len(self._path) - 1 - self._lag)]
        if tick.command is None:
            self._path = [*self._path, self._path[-1]]

    def _feed(self, now_ns: int, real_ns: int) -> None:
        for index, stream in enumerate(self._setup.layout.streams):
            if index in self._silent:
                continue
            self._number += 1
            stamp_ns = now_ns - self._rng.choice([0, 1_000_000, 4_000_000])
            if stream.joints:
                message: Any = self._joint_state(index, stamp_ns)
            else:
                message = picture(self._number, stamp_ns, stream.kind == "compressed")
            for sent in self._mutated(index, stream.kind, message):
                self._figures.messages += 1
                self._oracle.hear(index, sent, real_ns)
                self.loop.add_message(index, sent, now_ns)

    def _joint_state(self, stream: int, stamp_ns: int) -> Any:
        own = [(joint.joint, row) for row, joint in enumerate(self._setup.layout.pose) if joint.stream == stream]
        names, rows = zip(*own, strict=True)
        return joint_state(names, self._pose[list(rows)], stamp_ns)

    def _mutated(self, stream: int, kind: str, message: Any) -> list[Any]:
        share, names = self._mutations.get(stream, (0.0, ()))
        if self._rng.random() >= share:
            self._newest[stream] = message
            return [message]
        name = self._rng.choice(names)
        self._figures.drawn[f"{kind} {name}"] += 1
        if name == "duplicated":
            return [message, message, self._newest.get(stream, message)]
        if name == "repeated":
            return [self._newest.get(stream, message)]
        (TABLES[kind].get(name) or STAMPS[name.removeprefix("stamp ")])(self._rng, message)
        return [message]

    def _draw_event(self) -> None:
        event = self._rng.choice(EVENTS)
        self._figures.drawn[f"event {event or 'none'}"] += 1
        self._worker.kinds = tuple(self._rng.sample(CHUNKS, 2)) if self._rng.random() < 0.3 else ("wave",)
        self._silent = {self._rng.randrange(len(self._setup.layout.streams))} if event == "silence" else set()
        self._blocked = "the switch is released" if event == "block" else ""
        self._stuck = event == "arm"
        if event == "" and not self.loop.running:
            self._call("start")
        elif event == "jump" and not self._jitters:
            self._offset_ns += round(self._rng.choice([-3600, -1, -0.3, -0.02, 0.02, 0.3, 0.6, 3600]) * 1e9)
        elif event == "pause":
            self._real_ns += round(self._rng.choice([0.1, 0.4, 0.6, 2.0]) * 1e9)
        elif event in CALLS:
            self._call(event)

    def _draw_mutations(self) -> None:
        self._mutations = {}
        for stream, what in enumerate(self._setup.layout.streams):
            if self._rng.random() < 0.3:
                names = [*TABLES[what.kind], *(f"stamp {name}" for name in STAMPS), "duplicated", "repeated"]
                chosen = tuple(self._rng.sample(names, self._rng.choice([1, 1, 5])))
                self._mutations[stream] = (self._rng.choice([0.1, 0.5, 1.0]), chosen)

    def _call(self, name: str) -> None:
        if name in ("stop", "restart", "reactivate", "adopt"):
            self.loop.stop("stopped by the operator")
            self._oracle.stop()
        if name == "reactivate":
            self.loop.forget()
            self._oracle.forget()
        elif name == "adopt":
            self._count_hits()
            self._worker.reset()
            self.loop = self._make_loop()
            self.loop.let_settle()
        elif name == "retune":
            self._setup = retuned(self._rng, self._setup)
            self.loop.retune(self._setup.settings)
            self._worker.retune(self._setup.settings)
            self._oracle.retune(self._setup)
        elif name == "reset":
            self.loop.discard()
        if name in ("start", "restart", "reactivate", "adopt") and not self.loop.running:
            self._count_hits()
            self.loop.start()
            self._oracle.start()

    def _make_loop(self) -> ControlLoop:
        setup = self._setup
        horizons = setup.action_horizon, setup.obs_horizon
        return ControlLoop(setup.layout, setup.settings, self._worker, *horizons, setup.start_poses)

    def _count_hits(self) -> None:
        for name, count in self.loop.counts.hits.items():
            self._figures.hits[name.split(":")[0]] += count


def run_sequence(seed: int, number: int, figures: Figures) -> None:
    """Run sequence ``number`` of ``seed``; the same every time. Raises what breaks, with the number in a note."""
    sequence = Sequence(Random(f"{seed}/{number}"), figures)
    try:
        sequence.run()
    except Exception as error:
        error.args = (f"fuzzed sequence {number} of seed {seed}: {error}",)
        raise
