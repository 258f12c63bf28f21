"""The action that runs a process, in a process group of its own."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ._coverage import uncovered
from .event_handlers import EventHandler, OnProcessExit
from .events import Event, Shutdown
from .events.process import ProcessExited, ProcessStarted, ShutdownProcess
from .launch_description import Action
from .logging import LOG, SCREEN, get_logger, write_line
from .substitutions import LaunchConfiguration, SomeSubstitutionsType, to_text

if TYPE_CHECKING:
    from .launch_context import LaunchContext

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02
_prctl = ctypes.PyDLL(None).prctl  # PyDLL keeps the interpreter lock, which a forked child had better not release
_numbers = itertools.count(1)
# Where standard output and standard error go.
_OUTPUTS = {"screen": ({SCREEN}, {SCREEN}), "log": ({LOG}, {LOG, SCREEN}), "both": ({LOG, SCREEN}, {LOG, SCREEN})}


class ExecuteProcess(Action):
    """Runs a process until it ends or the launch does; its name in the log gets a number."""

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: Mapping[Any, SomeSubstitutionsType] | None = None,
        additional_env: Mapping[Any, SomeSubstitutionsType] | None = None,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType | float = LaunchConfiguration("sigterm_timeout", default=5),  # noqa: B008
        sigkill_timeout: SomeSubstitutionsType | float = LaunchConfiguration("sigkill_timeout", default=5),  # noqa: B008
        output: SomeSubstitutionsType = "log",
        on_exit: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cmd = list(cmd)
        self._name = name
        self._cwd = cwd
        self._env = env
        self._additional_env = additional_env or {}
        self._shell = shell
        self._timeouts = (sigterm_timeout, sigkill_timeout)
        self._output = output
        self._on_exit = on_exit
        self._task: asyncio.Task[None] | None = None
        self.name: str | None = None
        self.return_code: int | None = None

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return the life of the process."""
        return self._task

    def _command(self, context: LaunchContext) -> list[str]:
        return [to_text(context, part) for part in self.cmd]

    def execute(self, context: LaunchContext) -> None:
        """Start the process, unless the launch is ending."""
        if self._task is not None:
            raise RuntimeError(f"ExecuteProcess action '{self.name}': executed more than once: {self.cmd}")
        if context.is_shutdown:
            return
        if "launch-prefix" in context.launch_configurations:
            raise ValueError(uncovered("the argument launch-prefix", __name__))
        cmd = self._command(context)
        program = to_text(context, self._name) if self._name is not None else Path(cmd[0].split()[0]).name
        self.name = f"{program}-{next(_numbers)}"
        output = to_text(context, self._output)
        if output not in _OUTPUTS:
            raise ValueError(uncovered(f"output='{output}' of {type(self).__name__}", __name__))
        self._targets = _OUTPUTS[output]
        self._patience_s = [
            float(limit if isinstance(limit, (int, float)) else to_text(context, limit)) for limit in self._timeouts
        ]
        env = dict(context.environment) if self._env is None else _texts(context, self._env)
        env.update(_texts(context, self._additional_env))
        cwd = None if self._cwd is None else to_text(context, self._cwd)
        if self._on_exit is not None:
            context.register_event_handler(OnProcessExit(target_action=self, on_exit=self._on_exit))
        # Now, not when the task begins: an event that is queued already may ask this process to end.
        self._stop_asked = asyncio.Event()
        context.register_event_handler(
            EventHandler(matcher=self._must_stop, entities=lambda *_: self._stop_asked.set(), handle_once=True)
        )
        self._task = asyncio.ensure_future(self._live(context, cmd, cwd, env))
        context.add_completion_future(self._task)

    def _must_stop(self, event: Event) -> bool:
        return isinstance(event, Shutdown) or (isinstance(event, ShutdownProcess) and event.process_matcher(self))

    async def _live(self, context: LaunchContext, cmd: list[str], cwd: str | None, env: dict[str, str]) -> None:
        assert self.name is not None
        logger = get_logger(self.name)
        try:
            whole = " ".join(cmd) if self._shell else cmd
            child = _Child(self.name, self._targets, whole, shell=self._shell, cwd=cwd, env=env)
        except (OSError, ValueError) as error:
            logger.error("exception occurred while executing process: %s", error)
            return
        details: Any = {"action": self, "process_name": self.name, "cmd": cmd, "cwd": cwd, "env": env, "pid": child.pid}
        logger.info("process started with pid [%d]", child.pid)
        context.emit_event_sync(ProcessStarted(**details))
        stopping = asyncio.ensure_future(self._stop(child))
        self.return_code = await child.exited
        if self.return_code == 0:
            logger.info("process has finished cleanly [pid %d]", child.pid)
        else:
            text = "process has died [pid %d, exit code %d, cmd '%s']."
            logger.error(text, child.pid, self.return_code, " ".join(cmd))
        context.emit_event_sync(ProcessExited(**details, returncode=self.return_code))
        self._stop_asked.set()  # for the processes that it left behind
        await stopping

    async def _stop(self, child: _Child) -> None:
        """When asked, end the group: SIGINT, SIGTERM, SIGKILL."""
        await self._stop_asked.wait()
        logger = get_logger(self.name)
        steps = zip((signal.SIGINT, signal.SIGTERM, signal.SIGKILL), (*self._patience_s, math.inf), strict=True)
        before = ""
        for signum, patience_s in steps:
            if not child.alive():
                return
            if before:
                logger.error(f"process[{self.name}] failed to terminate {before}, escalating to '{signum.name}'")
            logger.info("sending signal '%s' to process[%s]", signum.name, self.name)
            with suppress(ProcessLookupError, PermissionError):  # gone, or now another user's, as with sudo
                os.killpg(child.pid, signum)
            before = f"'{patience_s:g}' seconds after receiving '{signum.name}'"
            deadline = time.monotonic() + patience_s
            while child.alive() and time.monotonic() < deadline:
                await asyncio.sleep(_POLL_S)


def _texts(context: LaunchContext, pairs: Mapping[Any, SomeSubstitutionsType]) -> dict[str, str]:
    return {to_text(context, key): to_text(context, value) for key, value in pairs.items()}


def _prepare() -> None:
    # A group of its own gets each signal once, from the launch alone, be it Ctrl-C in a terminal or a kill of the
    # launch; and no shell stands between the signal and the program. The price is that nobody would end the group if
    # the launch itself were killed, so the kernel is asked to.
    os.setpgid(0, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class _Child:
    """A running process, read and waited for by threads. OSError when it cannot be started."""

    def __init__(self, name: str, targets: tuple[set[str], set[str]], cmd: str | list[str], **how: Any) -> None:
        pipe = subprocess.PIPE
        self._popen = subprocess.Popen(cmd, stdin=pipe, stdout=pipe, stderr=pipe, preexec_fn=_prepare, **how)
        self.pid = self._popen.pid  # the id of the group, too
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = loop.create_future()
        readers = []
        for stream, target in zip((self._popen.stdout, self._popen.stderr), targets, strict=True):
            readers.append(threading.Thread(target=_read, args=(name, stream, target), daemon=True))
            readers[-1].start()
        threading.Thread(target=self._wait, args=(loop, readers), daemon=True).start()

    def _wait(self, loop: asyncio.AbstractEventLoop, readers: list[threading.Thread]) -> None:
        returncode = self._popen.wait()
        for reader in readers:
            reader.join(0.5)  # whoever inherited the pipe may hold it open for ever
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self.exited.set_result, returncode)

    def alive(self) -> bool:
        """Return True while the process or another one of its group runs; a zombie, which no signal can end, not."""
        if self._popen.returncode is None:
            return True
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, _, group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
                if int(group) == self.pid and state not in "ZX":
                    return True
        return False


def _read(name: str, stream: IO[bytes], targets: set[str]) -> None:
    for line in stream:
        text = line.decode(errors="replace").rstrip("\r\n")
        write_line(f"[{name}] {text}", targets)
