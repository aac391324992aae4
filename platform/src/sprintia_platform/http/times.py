"""Times as every answer writes them: ISO 8601, UTC, `Z`, and always six digits of a second."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Response


def moment(at: datetime) -> str:
    """Write a time. Callers may compare times as texts: a whole second has its zeros too."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


class TimedResponse(Response[Any]):
    """For handlers that return Structs with times: msgspec itself leaves the zeros of a whole second out."""

    def render(self, content: Any, *arguments: Any, **options: Any) -> bytes:
        return super().render(_written(content), *arguments, **options)


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, msgspec.Struct):
        return {field.encode_name: _written(getattr(value, field.name)) for field in msgspec.structs.fields(value)}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    return value
