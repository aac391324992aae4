"""What Odoo's log says of a run: how many tests, and each record that has to be looked at."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

RECORD = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (?P<level>[A-Z]+) (?P<database>\S+) (?P<logger>[\w.]+): "
)
RAN = re.compile(r"odoo\.tests\.stats: (\w+): (\d+) tests ")
BAD = frozenset({"WARNING", "ERROR", "CRITICAL"})
IGNORED = (
    # Odoo's own: not ours to mend, and it says nothing of what ran.
    (re.compile(r"odoo\.tools\.config: .*(deprecated|unknown option)"), "options of one series that the other renamed"),
    (re.compile(r"odoo\.service\.server: .*Thread .* virtual real time limit"), "a busy machine"),
    (re.compile(r"py\.warnings: .*/(site-packages|dist-packages)/"), "libraries that Odoo brings"),
    (re.compile(r"odoo\.addons\.base\.models\.ir_actions_report: .*[Ww]khtmltopdf"), "no printing on this machine"),
)
"""Records that fail nothing, by what they say, and why."""


@dataclass
class Record:
    """One record with the lines that belong to it."""

    level: str
    logger: str
    text: str


def records(log: str) -> Iterator[Record]:
    """Split a log into its records; what stands before the first one is dropped."""
    found = list(RECORD.finditer(log))
    ends = [match.start() for match in found[1:]] + [len(log)]
    for match, end in zip(found, ends, strict=True):
        yield Record(match["level"], match["logger"], log[match.start() : end].rstrip())


def bad_records(log: str) -> tuple[list[Record], dict[str, int]]:
    """Return the records that fail a run, and how many were ignored for which reason."""
    bad, ignored = [], {}
    for record in records(log):
        if record.level not in BAD:
            continue
        reason = next((reason for pattern, reason in IGNORED if pattern.search(record.text)), None)
        if reason is None:
            bad.append(record)
        else:
            ignored[reason] = ignored.get(reason, 0) + 1
    return bad, ignored


def counts_of_tests(log: str) -> dict[str, int]:
    """Return how many tests of each addon ran."""
    counts: dict[str, int] = {}
    for module, count in RAN.findall(log):
        counts[module] = counts.get(module, 0) + int(count)
    return counts


def untested(log: str, addons: Iterable[str]) -> list[str]:
    """Name the addons of which no test ran: a run without tests passes everything."""
    counts = counts_of_tests(log)
    return [name for name in addons if not counts.get(name)]
