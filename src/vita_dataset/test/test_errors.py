import subprocess
import sys

import pytest

from vita_dataset.errors import DataError, UsageError, run_cli


@pytest.mark.parametrize(("error", "code"), [(DataError("bad file"), 1), (UsageError("bad flag"), 2)])
def test_a_users_mistake_is_one_line_and_its_code(error, code, capsys):
    def main(argv):
        raise error

    assert run_cli(main, []) == code
    assert capsys.readouterr().err == f"error: {error}\n"


@pytest.mark.parametrize("broken", ["\n", "\r\n", "\x0b", "\u2028"])
def test_a_message_stays_on_one_line_whatever_it_quotes(broken, capsys):
    def main(argv):
        raise DataError(f"feature '{broken}' is unknown")

    assert run_cli(main, []) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("lines", [3, 100_000])
def test_who_reads_only_the_first_lines_sees_no_error(lines):
    main = f"lambda _: input() and sys.stdout.write('line ' * {lines}) and 0"
    script = f"import sys; from vita_dataset.errors import run_cli; sys.exit(run_cli({main}))"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", script], **pipes) as process:
        process.stdout.close()  # before anything is written
        process.stdin.write(b"go\n")
        process.stdin.flush()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_success_and_interrupt(capsys):
    def interrupted(argv):
        raise KeyboardInterrupt

    assert run_cli(lambda argv: len(argv), ["a"]) == 1
    assert run_cli(interrupted, []) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_bug_keeps_its_traceback():
    def main(argv):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_cli(main, [])
