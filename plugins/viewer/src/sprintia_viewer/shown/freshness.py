"""Whether somebody who delivers has fallen silent."""

from datetime import UTC, datetime, timedelta

_SILENT_AFTER = timedelta(days=2)


def silent_days(last_at: datetime | None) -> int | None:
    """How many days ago the last delivery was; None while that is not longer than two, or where there was none."""
    if last_at is None:
        return None
    silent = datetime.now(UTC) - last_at
    return silent.days if silent > _SILENT_AFTER else None
