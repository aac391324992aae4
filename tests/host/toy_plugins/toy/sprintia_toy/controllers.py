from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sprintia_toy_client import Greeter
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from sprintia_platform import public, requires
from sprintia_platform.host import Host
from sprintia_toy.models import Visit
from sprintia_toy.settings import ToySettings


@get("/toy/greetings/{name:str}", opt=public("a toy"))
async def greet(name: FromPath[str], host: NamedDependency[Host]) -> dict[str, str]:
    return {"greeting": await host.service(Greeter).greet(name)}


@post("/toy/visits/{name:str}", guards=[requires("toy:write")])
async def visit(name: FromPath[str], toy_session: NamedDependency[AsyncSession]) -> None:
    toy_session.add(Visit(name=name))
    await toy_session.commit()


@get("/toy/visits", guards=[requires("toy:read")])
async def list_visits(toy_session: NamedDependency[AsyncSession]) -> list[str]:
    return list(await toy_session.scalars(select(Visit.name).order_by(Visit.name)))


@get("/toy/settings", opt=public("a toy"))
async def show_settings(host: NamedDependency[Host]) -> dict[str, str]:
    settings = host.settings_of("toy", ToySettings)
    return {"greeting": settings.greeting, "token": f"{settings.token}"}


@get("/toy/role", opt=public("a toy"))
async def show_role(toy_session: NamedDependency[AsyncSession]) -> list[str]:
    roles = [await toy_session.scalar(text("SELECT current_user"))]
    await toy_session.commit()
    return [*roles, await toy_session.scalar(text("SELECT current_user"))]


HANDLERS = (greet, visit, list_visits, show_settings, show_role)
