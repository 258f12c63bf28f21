"""The control loop's state as vita_msgs/PolicyStatus and diagnostic_msgs/DiagnosticArray."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from vita_msgs.msg import PolicyStatus
from vita_policy_node.control_loop import ControlLoop, PolicyState
from vita_policy_node.conversions import to_time
from vita_policy_node.serving import Serving

INTERNAL_ERROR = "internal error, see the log"
"""The reason for being idle after an exception that nobody expected."""

STANDSTILL = "the control timer stands still: the clock stopped or was set back"
"""The reason for holding when the control loop is not ticked."""

DRY_RUN = "dry run, no arm is commanded"


def worded(reason: str, serving: Serving | None) -> str:
    """The reason as people read it: in a dry run it begins with saying so."""
    if serving is None or not serving.settings.dry_run:
        return reason
    return f"{DRY_RUN}: {reason}" if reason else DRY_RUN


def status_message(
    state: PolicyState, reason: str, serving: Serving | None, loop: ControlLoop | None, now_ns: int
) -> PolicyStatus:
    """The status; without checkpoint and loop before the node is configured."""
    message = PolicyStatus(stamp=to_time(now_ns), state=int(state), reason=worded(reason, serving))
    if serving is not None:
        message.checkpoint = str(serving.policy.checkpoint)
        message.checkpoint_step = serving.policy.step
    if loop is not None:
        message.observations = loop.sync.matched_sets
        message.chunks = loop.counts.chunks
        message.commands = loop.counts.commands
        message.holds = loop.counts.holds.total()
        message.limited = loop.counts.limited
        message.queue = loop.scheduler.remaining(now_ns)
        if loop.last_chunk is not None:
            message.inference_s = loop.last_chunk.inference_ns / 1e9
    return message


def diagnostic_message(
    name: str,
    state: PolicyState,
    reason: str,
    loop: ControlLoop | None,
    now_ns: int,
    measured: Mapping[str, object] = MappingProxyType({}),
) -> DiagnosticArray:
    """One diagnostic status: holds, faults and limits by name, and what else was ``measured``.

    Its level is WARN while holding and ERROR after a bug.
    """
    status = DiagnosticStatus(name=f"{name}: policy", hardware_id="vita_policy_node", message=reason or state.name)
    status.level = DiagnosticStatus.WARN if state is PolicyState.HOLDING else DiagnosticStatus.OK
    if reason == INTERNAL_ERROR:
        status.level = DiagnosticStatus.ERROR
    values: dict[str, object] = {"state": state.name, **measured}
    if loop is not None:
        values |= {f"refused, {what}": number for what, number in loop.sync.rules.refusals.items()}
        values |= {f"hold, {what}": number for what, number in loop.counts.holds.items()}
        values |= {f"fault, {what}": number for what, number in loop.counts.faults.items()}
        values |= {f"limited, {what}": number for what, number in loop.counts.hits.items()}
        values |= {f"warning, {what}": number for what, number in loop.counts.warnings.items()}
        values |= {"steps dropped as late": loop.scheduler.dropped_steps, "commands": loop.counts.commands}
        values |= {"chunks too late": loop.scheduler.late_chunks, "queue": loop.scheduler.remaining(now_ns)}
    status.values = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    message = DiagnosticArray(status=[status])
    message.header.stamp = to_time(now_ns)
    return message


def summary(loop: ControlLoop) -> str:
    """One paragraph for the log: how the run since the last start went."""
    counts = loop.counts
    holds = "; ".join(f"{number} x {reason}" for reason, number in counts.holds.most_common()) or "none"
    hits = "; ".join(f"{number} x {name}" for name, number in counts.hits.most_common()) or "none"
    faults = "; ".join(f"{number} x {name}" for name, number in counts.faults.most_common()) or "none"
    return (
        f"since the start: {loop.sync.matched_sets} observations, {counts.chunks} chunks, {counts.commands} commands, "
        f"{loop.scheduler.dropped_steps} steps dropped as late, {counts.limited} commands limited ({hits}), "
        f"faults: {faults}, ticks held: {holds}"
    )


class EventMemory:
    """Tells each kind of event once: which joints were limited by which rule, which messages were refused and why."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def new(self, loop: ControlLoop) -> list[str]:
        """The events that were not told before."""
        events = [f"limited {what}" for what in loop.counts.hits]
        events += [f"warning, {what}" for what in loop.counts.warnings]
        events += [f"refused message of {what}" for what in loop.sync.rules.refusals]
        new = [event for event in events if event not in self._told]
        self._told.update(new)
        return new
