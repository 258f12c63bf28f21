"""One child process: started in a process group of its own, read, signalled and waited for."""

from __future__ import annotations

import asyncio
import ctypes
import math
import os
import pty
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02
_prctl = ctypes.PyDLL(None).prctl  # PyDLL keeps the interpreter lock, which a forked child had better not release


@dataclass(frozen=True)
class ChildSpec:
    """What to run. ``cwd`` and ``env`` None: as the launch itself; ``emulate_tty``: output to a terminal."""

    name: str
    cmd: list[str]
    cwd: str | None
    env: dict[str, str] | None
    shell: bool
    emulate_tty: bool


def _prepare() -> None:
    """Run in the child before the program.

    A group of its own gets each signal once, from the launch alone, be it Ctrl-C in a terminal or a kill
    of the launch; and no shell stands between the signal and the program. The price is that nobody would
    end the group if the launch itself were killed, so the kernel is asked to.
    """
    os.setpgid(0, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A running child.

    Args:
        spec: what to run.
        on_output: called in the event loop with the descriptor (1 output, 2 error) and the bytes.

    Raises:
        OSError: the program cannot be started.
    """

    def __init__(self, spec: ChildSpec, on_output: Callable[[int, bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        primary, secondary = pty.openpty() if spec.emulate_tty else (None, None)
        output = subprocess.PIPE if secondary is None else secondary
        try:
            self._popen = subprocess.Popen(
                " ".join(spec.cmd) if spec.shell else spec.cmd,
                shell=spec.shell,
                cwd=spec.cwd,
                env=spec.env,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                preexec_fn=_prepare,
            )
        except BaseException:
            if primary is not None:
                os.close(primary)
            raise
        finally:
            if secondary is not None:
                os.close(secondary)
        if primary is not None:
            streams: list[tuple[int, IO[bytes]]] = [(1, os.fdopen(primary, "rb", buffering=0))]
        else:
            streams = [(fd, pipe) for fd, pipe in ((1, self._popen.stdout), (2, self._popen.stderr)) if pipe]
        self._pumps = [loop.create_task(_pump(fd, stream, on_output)) for fd, stream in streams]
        self._exited: asyncio.Future[int] = loop.create_future()
        threading.Thread(target=self._reap, args=(loop,), daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id, which is the id of the group too."""
        return self._popen.pid

    def _reap(self, loop: asyncio.AbstractEventLoop) -> None:
        returncode = self._popen.wait()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._exited.set_result, returncode)

    async def wait(self) -> int:
        """Return the exit code when the process has ended and its output is read."""
        returncode = await self._exited
        # Whoever inherited the pipe may hold it open for ever: what is written by now is read in this time.
        await asyncio.wait(self._pumps, timeout=0.5)
        return returncode

    def close(self) -> None:
        """Stop reading and close the standard input."""
        for pump in self._pumps:
            pump.cancel()
        if self._popen.stdin is not None:
            with suppress(BrokenPipeError):
                self._popen.stdin.close()

    def alive(self) -> bool:
        """Return True while the process or another one of its group runs."""
        return not self._exited.done() or _group_lives(self.pid)

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to the whole group."""
        with suppress(ProcessLookupError, PermissionError):  # gone, or now another user's, as with sudo
            os.killpg(self.pid, signum)

    async def stop(self, sigterm_s: float, sigkill_s: float, report: Callable[[str], None]) -> None:
        """End the group: SIGINT, SIGTERM after ``sigterm_s``, SIGKILL after another ``sigkill_s``.

        Args:
            sigterm_s: patience after SIGINT [s].
            sigkill_s: patience after SIGTERM [s].
            report: called with a text when patience is over.
        """
        for signum, patience_s, following in (
            (signal.SIGINT, sigterm_s, "SIGTERM"),
            (signal.SIGTERM, sigkill_s, "SIGKILL"),
            (signal.SIGKILL, math.inf, ""),
        ):
            deadline = time.monotonic() + patience_s
            if self.alive():
                self.signal(signum)
            while self.alive() and time.monotonic() < deadline:
                await asyncio.sleep(_POLL_S)
            if not self.alive():
                return
            report(
                f"failed to terminate '{patience_s:g}' seconds after receiving '{signum.name}', "
                f"escalating to '{following}'"
            )


async def _pump(fd: int, stream: IO[bytes], on_output: Callable[[int, bytes], None]) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), stream
    )
    try:
        with suppress(OSError):  # how a terminal reports its end
            while data := await reader.read(65536):
                on_output(fd, data)
    finally:
        transport.close()


def _group_lives(pgid: int) -> bool:
    """Return True while the group has a member that is not a zombie, which no signal can end."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(group) == pgid and state not in "ZX":
                return True
    return False
