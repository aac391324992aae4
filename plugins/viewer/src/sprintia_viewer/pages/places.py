"""Which document a page is about, and how its address says so."""

from typing import Annotated

import msgspec
from litestar.params import QueryParameter

LARGEST = 2**63 - 1
PLACE = "/viewer/t/{tenant:str}/{domain:str}/{config_type:str}"

First = Annotated[int, QueryParameter(name="line", ge=1, le=10_000_000)]
Before = Annotated[int | None, QueryParameter(ge=1, le=LARGEST)]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Which document."""

    tenant_id: str
    domain: str
    config_type: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.tenant_id, self.domain, self.config_type
