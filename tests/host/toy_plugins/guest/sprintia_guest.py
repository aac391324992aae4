"""A plugin that needs another one's service, and does not know where it runs."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sprintia_toy_client import Greeter

from sprintia_platform import Routes, hookimpl, public
from sprintia_platform.host import Host

HOOK_API = 1


@get("/guest/{name:str}", opt=public("a toy"))
async def be_greeted(name: FromPath[str], host: NamedDependency[Host]) -> dict[str, str]:
    return {"heard": await host.service(Greeter).greet(name)}


@hookimpl
def register_routes() -> Routes:
    return Routes(prefixes=("/guest",), handlers=[be_greeted])
