"""The errors a user can cause, and how a command line ends on one.

Every message names the thing, what was expected, what came, and the remedy, in one sentence.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence


class VitaError(Exception):
    """A mistake in data, settings or files that the user can mend. Bugs raise anything else.

    The message stays on one line, whatever names and values from a file it quotes.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


class DataError(VitaError):
    """A file or its content is not what it must be. Exit code 1."""


class UsageError(VitaError):
    """An argument, key or combination of them makes no sense. Exit code 2."""

    exit_code = 2


def run_cli(main: Callable[[Sequence[str]], int], argv: Sequence[str] | None = None) -> int:
    """Run a command and turn a ``VitaError`` into one line on stderr and its exit code.

    Args:
        main: takes the arguments without the program name, returns the exit code.
        argv: the arguments; ``sys.argv[1:]`` when None.

    Returns:
        The exit code: main's own, 1 for ``DataError``, 2 for ``UsageError``, 130 for Ctrl-C, 0 where nobody reads the
        output any more.
        Every other exception is a bug and keeps its traceback.
    """
    try:
        code = main(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return code
    except VitaError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    except BrokenPipeError:
        # Whoever read the output has had enough, as `head` has; what is left of it must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
