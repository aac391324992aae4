from typing import Annotated

import msgspec

from sprintia_platform import Secret


class ToySettings(msgspec.Struct, frozen=True, kw_only=True):
    greeting: Annotated[str, msgspec.Meta(min_length=1)] = "Hello"
    token: Secret | None = None
