"""Lists as files that a spreadsheet opens."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Annotated, Final

from litestar import Response
from litestar.params import QueryParameter

MOST_ROWS: Final = 10_000
Format = Annotated[str, QueryParameter(name="format", max_length=10)]
"""`csv` asks for a list as a file."""
# What a spreadsheet takes for the beginning of a formula, also in the full width of East Asian scripts.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the code page of the machine


def csv_answer(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, complete: bool = True
) -> Response[bytes]:
    """Answer a table as CSV (RFC 4180) to be kept as `name`.csv; no cell of it is taken for a formula.

    A table that is not complete ends with a row that holds an ellipsis.
    """
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    if not complete:
        writer.writerow(["\N{HORIZONTAL ELLIPSIS}"] * len(columns))
    return Response(
        f"{_BYTE_ORDER_MARK}{text.getvalue()}".encode(), media_type="text/csv; charset=utf-8; header=present",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store", "Vary": "Cookie",
        },
    )  # fmt: skip


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
    if isinstance(value, (list, frozenset)):
        value = ", ".join(sorted(value))
    text = str(value)
    is_formula = not isinstance(value, int) and (text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA))
    return f"'{text}" if is_formula else text
