"""Arguments that several plugins' commands take."""

import msgspec
from click import Context, Parameter, ParamType

from sprintia_platform.tenants import TenantId


class TenantArgument(ParamType[str]):
    """A tenant's id: `@click.argument("tenant", type=TenantArgument())`."""

    name = "tenant"

    def convert(self, value: str, param: Parameter | None, ctx: Context | None) -> str:
        try:
            return msgspec.convert(value, TenantId)
        except msgspec.ValidationError:
            self.fail(f"{value!r} is no tenant: write 1 to 128 letters, digits and _ - . @", param, ctx)
