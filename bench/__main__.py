"""`python -m bench`: run the benchmarks, print a table, write JSON."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from bench import growth, pages, reads
from bench.load import WrongAnswer
from bench.machine import described
from bench.measuring import Plan, Row
from bench.processes import ROOT, BenchmarkError, Cluster

GROUPS: tuple[Callable[[Cluster, Plan], Iterator[Row]], ...] = (reads.run, growth.run, pages.run)
NAMES = (*reads.NAMES, *growth.NAMES, *pages.NAMES)
SCRIPTS = ("webhook_post", "watchers")
"""Benchmarks that set up all of their own: `bench/<name>.py --json FILE` writes a list of rows."""

_SCRIPT_SECONDS = 300.0


def main() -> int:
    """Run what was asked for; 1 when an answer was wrong or something did not run, whatever the targets."""
    given = _arguments()
    plan = Plan(given.seconds, given.rounds, quick=given.quick, only=given.only)
    began = time.monotonic()
    rows: list[Row] = []
    failures: list[str] = []
    with Cluster() as cluster:
        machine = described(cluster.version())
        print(_machine_line(machine), flush=True)
        for group in GROUPS:
            try:
                for row in group(cluster, plan):
                    rows.append(row)
                    print(_line(row), flush=True)
            except (WrongAnswer, BenchmarkError, OSError) as error:
                failures.append(f"{group.__module__}: {error}")
                print(f"FAILED {failures[-1]}", file=sys.stderr, flush=True)
    for name in SCRIPTS:
        if plan.wants(name):
            _add_script(name, rows, failures, quick=plan.quick)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": machine, "seconds_per_slice": plan.seconds, "rounds": plan.rounds, "quick": plan.quick,
        "growth": plan.growth, "took_seconds": round(time.monotonic() - began), "failures": failures,
        "benchmarks": rows,
    }  # fmt: skip
    given.json.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"{_summary(rows, failures)}, in {report['took_seconds']} s; written to {given.json}")
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("only", nargs="*", help="run only the benchmarks whose names hold one of these")
    parser.add_argument("--seconds", type=float, help="of a slice (1.5)")
    parser.add_argument("--rounds", type=int, help="of two slices each (7)")
    parser.add_argument("--quick", action="store_true", help="short slices and little growth: do they run at all?")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="where to (build/bench.json)")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    given = parser.parse_args()
    if given.list:
        print("\n".join((*NAMES, *SCRIPTS)))
        parser.exit()
    if unknown := [name for name in given.only if not any(name in known for known in (*NAMES, *SCRIPTS))]:
        parser.error(f"no benchmark's name holds {unknown[0]!r}; --list shows them")
    usual = (0.2, 3) if given.quick else (1.5, 7)
    given.seconds, given.rounds = given.seconds or usual[0], given.rounds or usual[1]
    return given


def _add_script(name: str, rows: list[Row], failures: list[str], *, quick: bool) -> None:
    """Run a benchmark that sets up all of its own, and take its rows."""
    script = ROOT / "bench" / f"{name}.py"
    if not script.exists():
        print(f"{name}: there is no {script.name} here", flush=True)
        return
    options = ["--quick"] if quick else []
    if quick and "--quick" not in _output([str(script), "--help"]):
        print(f"{name}: left out, it has no quick form", flush=True)
        return
    try:
        made = _run_script(script, options)
    except (BenchmarkError, subprocess.TimeoutExpired, ValueError) as error:
        failures.append(f"{name}: {error}")
        print(f"FAILED {failures[-1]}", file=sys.stderr, flush=True)
        return
    for row in made:
        rows.append(row)
        print(_line(row), flush=True)


def _run_script(script: Path, options: Sequence[str]) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="sprintia-bench-") as folder:
        written = Path(folder) / "rows.json"
        command = [sys.executable, str(script), "--json", str(written), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SCRIPT_SECONDS, check=False)
        if not written.exists():
            raise BenchmarkError(
                f"{script.name} ended with {done.returncode} and no rows: {done.stderr.strip()[-2000:]}"
            )
        return [_completed(row) for row in json.loads(written.read_text(encoding="utf-8"))]


def _completed(row: Any) -> Row:
    """A script's row in the shape of ours: what is measured against a bound alone has no reference.

    Raises:
        BenchmarkError: it is none.
    """
    if not isinstance(row, dict) or not {"benchmark", "target", "measured", "met"} <= row.keys():
        raise BenchmarkError(f"this is no row of a benchmark: {json.dumps(row)[:300]}")
    row.setdefault("reference", None)
    row.setdefault("ratio", None)
    return cast("Row", row)


def _output(arguments: Sequence[str]) -> str:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False).stdout


def _machine_line(machine: dict[str, object]) -> str:
    return (
        f"{machine['processor']}, {machine['cores']} cores (server on {machine['server_core']}, load and PostgreSQL on "
        f"{machine['load_core']}), {machine['kernel']}, {machine['python']}, PostgreSQL {machine['postgresql']}, "
        f"load average {machine['load_average_before']}"
    )


def _line(row: Row) -> str:
    """One line for people; the JSON has the rest."""
    mark = {True: "met", False: "NOT MET", None: ""}[row["met"]]
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
    sides = " | ".join(_side(row[which]) for which in ("measured", "reference") if row[which] is not None)
    return f"{row['benchmark']:<42} {ratio:>6} {mark:<8} {row['target']:<36} {sides}"


def _side(side: Any) -> str:
    """What one side did, in short; a benchmark of other things than requests is shown as it wrote itself."""
    if not isinstance(side, dict) or "requests_per_second" not in side:
        return json.dumps(side, ensure_ascii=False)
    shown = f"{side['requests_per_second']}/s {side['server_cpu_us']:g} µs"
    if "postgresql_cpu_us" in side:
        shown += f" + {side['postgresql_cpu_us']:g} µs SQL"
    return f"{shown}, core {side['server_core_busy']:.0%}"


def _summary(rows: Sequence[Row], failures: Sequence[str]) -> str:
    met = sum(row["met"] is True for row in rows)
    missed = [row["benchmark"] for row in rows if row["met"] is False]
    said = f"{len(rows)} benchmarks, {met} targets met, {len(missed)} not met"
    if missed:
        said += f" ({', '.join(missed)})"
    return said + (f", {len(failures)} FAILED" if failures else "")


if __name__ == "__main__":
    sys.exit(main())
