"""The `sprintia` command, as an operator types it: in a process of its own, or quicker, within this one."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any, NamedTuple

from click.testing import CliRunner

from sprintia_platform.cli import main
from sprintia_testing.platforms import SPRINTIA


class Finished(NamedTuple):
    """How a command ended."""

    status: int
    out: bytes
    err: str


class CommandLine:
    """Runs the installed command, with these settings and none of the surroundings'."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)

    def run(self, *arguments: str, given: bytes = b"", **environ: str) -> Finished:
        """Run `sprintia ARGUMENTS` with `given` on standard input."""
        clean = {name: value for name, value in os.environ.items() if not _is_setting(name)}
        done = subprocess.run(
            [SPRINTIA, *arguments], env=clean | self.environ | environ, input=given, capture_output=True, timeout=60,
            check=False,
        )  # fmt: skip
        return Finished(done.returncode, done.stdout, done.stderr.decode())

    def output(self, *arguments: str, given: bytes = b"", **environ: str) -> str:
        """Run a command that must work, and return what it prints."""
        finished = self.run(*arguments, given=given, **environ)
        assert (finished.status, finished.err) == (0, ""), finished
        return finished.out.decode()

    def json(self, *arguments: str, given: bytes = b"", **environ: str) -> Any:
        """Run a command that must work, with `--json`."""
        return json.loads(self.output(*arguments, "--json", given=given, **environ))

    def refusal(self, *arguments: str, given: bytes = b"", **environ: str) -> str:
        """Run a command that must be refused with one line on standard error, and return that line."""
        finished = self.run(*arguments, given=given, **environ)
        lines = finished.err.splitlines()
        assert (finished.status, finished.out, len(lines)) == (1, b"", 1), finished
        assert lines[0].startswith("sprintia: "), finished
        return lines[0].removeprefix("sprintia: ")


class CommandLineHere(CommandLine):
    """Runs the same entry point within this process: a process start costs a second, most of it imports."""

    def run(self, *arguments: str, given: bytes = b"", **environ: str) -> Finished:
        unset = dict.fromkeys(filter(_is_setting, os.environ))
        done = CliRunner().invoke(main, arguments, input=given, env={**unset, **self.environ, **environ})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Finished(done.exit_code, done.stdout_bytes, done.stderr)


def _is_setting(name: str) -> bool:
    return name.startswith(("SPRINTIA_", "API_KEY", "DATABASE_URL"))
