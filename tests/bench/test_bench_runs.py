"""The benchmarks run, say what they must, and time nothing that answers wrongly."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sprintia_config.documents import versions

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def raw_server(bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The reference of cached reads, which answers one thing."""
    answer = bench.load.Answer(200, [("etag", '"1-a"'), ("content-length", "5")], b"right")
    with bench.processes.raw_reference(SimpleNamespace(folder=tmp_path_factory.mktemp("raw")), answer) as server:
        yield server


@pytest.mark.parametrize(("name", "target", "rows"), [("cached yaml", 0.75, 1), ("webhook_post", 0.5, 4)])
def test_a_benchmark_writes_what_it_measured(tmp_path: Path, name: str, target: float, rows: int) -> None:
    written = tmp_path / "of" / "bench.json"
    options = ["--quick", "--seconds", "0.1", "--rounds", "2", "--json", str(written)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", name, *options],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(written.read_text(encoding="utf-8"))
    assert {"processor", "cores", "kernel", "python", "postgresql"} <= report["machine"].keys()
    assert not report["failures"]
    assert len(report["benchmarks"]) == rows
    for row in report["benchmarks"]:
        assert row["met"] is (row["ratio"] >= target)
        for side in ("measured", "reference"):
            assert row[side]["requests_per_second"] > 0
        assert row["measured"]["server_cpu_us"] > 0
        if rows == 1:
            assert row["measured"]["ratio_least"] <= row["ratio"] <= row["measured"]["ratio_most"]
        assert row["benchmark"] in done.stdout


def test_an_unknown_name_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "no such"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no such" in done.stderr


def test_the_reference_gives_the_answer_that_it_was_given(bench: Any, raw_server: Any) -> None:
    exchange = bench.load.Exchange(bench.load.get_request("/any", "key"), 200, b"right")
    bench.load.check(raw_server.port, [exchange], "raw")
    burst = bench.load.drive(raw_server.port, [exchange], 0.05, 2)
    assert burst.requests > 0
    answer = bench.load.fetch(raw_server.port, exchange.request)
    assert [pair for pair in answer.headers if pair[0] != "date"] == [("etag", '"1-a"'), ("content-length", "5")]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        pytest.param(200, b"wrong", "from byte 0 on", id="other bytes"),
        pytest.param(200, b"righs", "from byte 4 on", id="the last byte"),
        pytest.param(200, b"rig", "from byte 3 on", id="bytes too many"),
        pytest.param(304, b"right", "200, not 304", id="another status"),
    ],
)
def test_nothing_that_answers_wrongly_is_timed(
    bench: Any, raw_server: Any, status: int, body: bytes, said: str
) -> None:
    wanted = bench.load.Exchange(bench.load.get_request("/any", "key"), status, body)
    with pytest.raises(bench.load.WrongAnswer, match=said):
        bench.load.check(raw_server.port, [wanted], "raw")
    with pytest.raises(bench.load.WrongAnswer, match="not the expected one"):
        bench.load.drive(raw_server.port, [wanted], 0.05, 1)


def test_the_reference_of_uncached_reads_runs_the_same_sql(bench: Any) -> None:
    assert bench.reference_server.READ_STANDING == versions._STANDING
    assert bench.reference_server.COLUMNS == versions.COLUMNS


def test_rows_of_scripts_are_completed_or_refused(bench: Any) -> None:
    main = sys.modules["bench.__main__"]
    whole = main._completed({"benchmark": "b", "target": "t", "measured": 1, "met": True})
    assert (whole["ratio"], whole["reference"]) == (None, None)
    with pytest.raises(bench.processes.BenchmarkError, match="no row"):
        main._completed({"benchmark": "b"})
