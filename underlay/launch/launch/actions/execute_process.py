"""The action that runs a process."""

from __future__ import annotations

import asyncio
import itertools
import shlex
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .._child import Child, ChildSpec
from ..action import Action
from ..event import Event
from ..event_handler import ReactingHandler
from ..event_handlers import OnProcessExit
from ..events import Shutdown
from ..events.process import ProcessExited, ProcessStarted, ShutdownProcess, SignalProcess
from ..launch_description_entity import LaunchDescriptionEntity
from ..logging import LOG, SCREEN, get_logger, log_line
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitutions import LaunchConfiguration
from ..utilities import parse_bool, perform_text

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

_SIGTERM_TIMEOUT = LaunchConfiguration("sigterm_timeout", default=5)
_SIGKILL_TIMEOUT = LaunchConfiguration("sigkill_timeout", default=5)
_numbers = itertools.count(1)

_Environment: TypeAlias = Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | Mapping[str, str]

_OUTPUTS = {
    "screen": {1: {SCREEN}, 2: {SCREEN}},
    "log": {1: {LOG}, 2: {LOG, SCREEN}},
    "both": {1: {LOG, SCREEN}, 2: {LOG, SCREEN}},
}


class ExecuteProcess(Action):
    """Runs a process until it ends or the launch does.

    Args:
        cmd: program and arguments.
        prefix: words put before them, such as a debugger.
        name: its name in the log; the program's by default. A number is appended.
        cwd: working folder.
        env: the whole environment, instead of the launch's.
        additional_env: variables on top of it.
        shell: hand the command to a shell.
        sigterm_timeout: seconds from SIGINT to SIGTERM when it is ended.
        sigkill_timeout: seconds from SIGTERM to SIGKILL.
        emulate_tty: let it write to a terminal, so that it neither buffers nor hides its colours.
        output: screen, both, or log (its standard error still goes to the screen).
        on_exit: visited, or called with event and context, when it has ended.
        respawn: start it again when it has ended.
        respawn_delay: seconds before that.
        respawn_max_retries: how often at most; -1 for ever.
        **kwargs: condition.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        prefix: SomeSubstitutionsType = "",
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: _Environment | None = None,
        additional_env: _Environment | None = None,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType | float = _SIGTERM_TIMEOUT,
        sigkill_timeout: SomeSubstitutionsType | float = _SIGKILL_TIMEOUT,
        emulate_tty: bool | SomeSubstitutionsType = False,
        output: SomeSubstitutionsType = "log",
        on_exit: Any = None,
        respawn: bool | SomeSubstitutionsType = False,
        respawn_delay: float = 0.0,
        respawn_max_retries: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cmd = list(cmd)
        self._prefix = prefix
        self._name = name
        self._cwd = cwd
        self._env = env
        self._additional_env = additional_env
        self._shell = shell
        self._timeouts = (sigterm_timeout, sigkill_timeout)
        self._emulate_tty = emulate_tty
        self._output = output
        self._on_exit = on_exit
        self._respawn = respawn
        self._respawn_delay = respawn_delay
        self._respawn_max_retries = respawn_max_retries
        self._spec: ChildSpec | None = None
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self.return_code: int | None = None

    @property
    def name(self) -> str | None:
        """The name in the log, None before the process starts."""
        return None if self._spec is None else self._spec.name

    @property
    def process_details(self) -> dict[str, Any] | None:
        """Name, pid, cmd, cwd and env of the running process, None while there is none."""
        if self._spec is None or self._child is None:
            return None
        spec = self._spec
        return {"name": spec.name, "pid": self._child.pid, "cmd": spec.cmd, "cwd": spec.cwd, "env": spec.env}

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return the life of the process."""
        return self._task

    def describe_conditional_sub_entities(self) -> Sequence[tuple[str, Sequence[LaunchDescriptionEntity]]]:
        """Return the entities that its end brings."""
        if self._on_exit is None or callable(self._on_exit):
            return []
        return [("On process exit", OnProcessExit(target_action=self, on_exit=self._on_exit).entities)]

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Start the process, unless the launch is ending."""
        if self._task is not None:
            raise RuntimeError(f"ExecuteProcess action '{self.name}': executed more than once: {self.cmd}")
        if context.is_shutdown:
            return None
        self._spec = self._make_spec(context)
        output = perform_text(context, self._output)
        if output not in _OUTPUTS:
            raise ValueError(
                f"output of '{self.name}' expected one of {', '.join(_OUTPUTS)}, got '{output}': "
                "the others need the genuine ros-<distro>-launch"
            )
        self._targets = _OUTPUTS[output]
        sigterm, sigkill = self._timeouts
        self._patience = (_number(context, sigterm), _number(context, sigkill))
        self._again = _truth(context, self._respawn)
        self._stop_asked = asyncio.Event()
        if self._on_exit is not None:
            context.register_event_handler(OnProcessExit(target_action=self, on_exit=self._on_exit))
        # Now, not when the task begins: an event that is queued already may ask this process to end.
        handler = ReactingHandler(matcher=self._is_addressed, reaction=self._obey)
        context.register_event_handler(handler)
        self._task = context.asyncio_loop.create_task(self._live(context, self._spec, handler))
        return None

    def _make_spec(self, context: LaunchContext) -> ChildSpec:
        program = [perform_text(context, part) for part in self.cmd]
        cmd = shlex.split(perform_text(context, self._prefix)) + program
        name = perform_text(context, self._name) if self._name is not None else Path(program[0].split()[0]).name
        # A copy: what the launch sets later must not reach a process that is started again.
        env = dict(context.environment) if self._env is None else _texts(context, self._env)
        env.update(_texts(context, self._additional_env or {}))
        return ChildSpec(
            name=f"{name}-{next(_numbers)}",
            cmd=cmd,
            cwd=None if self._cwd is None else perform_text(context, self._cwd),
            env=env,
            shell=self._shell,
            emulate_tty=_truth(context, self._emulate_tty),
        )

    async def _live(self, context: LaunchContext, spec: ChildSpec, handler: ReactingHandler) -> None:
        attempt = 0
        try:
            while not self._stop_asked.is_set():
                if not await self._run_once(context, spec) or not self._again:
                    return
                if 0 <= self._respawn_max_retries <= attempt:
                    return
                attempt += 1
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._stop_asked.wait(), self._respawn_delay)
        finally:
            context.unregister_event_handler(handler)

    def _is_addressed(self, event: Event) -> bool:
        if isinstance(event, (ShutdownProcess, SignalProcess)):
            return event.process_matcher(self)
        return isinstance(event, Shutdown)

    def _obey(self, event: Event, _context: LaunchContext) -> None:
        if not isinstance(event, SignalProcess):
            self._stop_asked.set()
        elif self._child is not None:
            self._child.signal(event.signal)

    async def _run_once(self, context: LaunchContext, spec: ChildSpec) -> bool:
        """Run the process to its end; False when it could not be started."""
        logger = get_logger(spec.name)
        lines = {1: b"", 2: b""}

        def on_output(fd: int, data: bytes) -> None:
            *whole, lines[fd] = (lines[fd] + data).split(b"\n")
            for line in whole:
                log_line(spec.name, line.decode(errors="replace").rstrip("\r"), self._targets[fd])

        def report(text: str) -> None:
            logger.error("process[%s] %s", spec.name, text)

        try:
            child = self._child = Child(spec, on_output)
        except (OSError, ValueError):
            logger.error("exception occurred while executing process:\n%s", traceback.format_exc())
            return False
        details = self.process_details or {}
        logger.info("process started with pid [%d]", child.pid)
        await context.emit_event(ProcessStarted(action=self, **details))
        stopper = asyncio.ensure_future(self._stop_when_asked(child, report))
        returncode = await child.wait()
        for fd, rest in lines.items():
            if rest:
                on_output(fd, b"\n")
        self._child = None
        self.return_code = returncode
        if returncode == 0:
            logger.info("process has finished cleanly [pid %d]", child.pid)
        else:
            cmd = " ".join(spec.cmd)
            logger.error("process has died [pid %d, exit code %d, cmd '%s'].", child.pid, returncode, cmd)
        await context.emit_event(ProcessExited(returncode=returncode, action=self, **details))
        if self._stop_asked.is_set():
            await stopper
        else:
            stopper.cancel()
            await child.stop(*self._patience, report)  # the processes that it left behind
        child.close()
        return True

    async def _stop_when_asked(self, child: Child, report: Callable[[str], None]) -> None:
        await self._stop_asked.wait()
        get_logger(self.name).info("sending signal 'SIGINT' to process[%s]", self.name)
        await child.stop(*self._patience, report)


def _texts(context: LaunchContext, pairs: _Environment) -> dict[str, str]:
    return {perform_text(context, key): perform_text(context, value) for key, value in pairs.items()}


def _truth(context: LaunchContext, value: bool | SomeSubstitutionsType) -> bool:
    if isinstance(value, bool):
        return value
    text = perform_text(context, value)
    truth = parse_bool(text)
    if truth is None:
        raise ValueError(f"expected true or false, got '{text}'")
    return truth


def _number(context: LaunchContext, value: SomeSubstitutionsType | float) -> float:
    return float(value if isinstance(value, (int, float)) else perform_text(context, value))
