"""One plugin per way to break. A plugin may be any object; a module is the usual one."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any

import msgspec
from litestar import Router, WebSocket, asgi, get, websocket
from litestar.di import NamedDependency
from sprintia_toy_client import Greeter
from sqlalchemy import Column, MetaData, Table, Text

from sprintia_platform import DatabaseSpec, HealthCheck, MenuEntry, Routes, Secret, hookimpl, public
from sprintia_platform.records import FirstSteps


class Plugin:
    HOOK_API = 1


class OldVersion(Plugin):
    HOOK_API = 0


class NoVersion:
    pass


class HookRaises(Plugin):
    @hookimpl
    def register_menu(self) -> Iterable[MenuEntry]:
        raise RuntimeError("the menu\ncannot be read")


class HookExits(Plugin):
    @hookimpl
    def register_menu(self) -> Iterable[MenuEntry]:
        raise SystemExit(2)


class LazyHookRaises(Plugin):
    @hookimpl
    def register_health_checks(self) -> Iterator[HealthCheck]:
        yield HealthCheck(name="one", check=hang)
        raise LookupError("there is no second")


class MisspeltHook(Plugin):
    @hookimpl
    def register_rotues(self) -> None:
        return


class WrongArguments(Plugin):
    @hookimpl
    def register_routes(self, hots: Any) -> None:  # noqa: ARG002
        return


class WrongResult(Plugin):
    @hookimpl
    def register_routes(self) -> Any:
        return ["/wrong"]


class WrongItems(Plugin):
    @hookimpl
    def register_menu(self) -> Any:
        return ["menu"]


class WrongService(Plugin):
    @hookimpl
    def register_services(self) -> Any:
        return {"greeter": 1}


class WrongSettings(Plugin):
    @hookimpl
    def register_settings(self) -> Any:
        return dict


class BadSettings(Plugin):
    class Settings(msgspec.Struct):
        address: str
        limit: Annotated[int, msgspec.Meta(ge=1)] = 1
        greeting: str = "hello"
        token: Secret | None = None
        pin: Annotated[Secret | None, "a pin"] = None

    @hookimpl
    def register_settings(self) -> type[msgspec.Struct]:
        return self.Settings


class ForeignTable(Plugin):
    metadata = MetaData()
    Table("tenant", metadata, Column("id", Text), schema="config")
    Table("loose", metadata, Column("id", Text))

    @hookimpl
    def register_database(self) -> DatabaseSpec:
        return DatabaseSpec(metadata=self.metadata, migrations="sprintia_broken:migrations")


class TwoChecksOfOneName(Plugin):
    @hookimpl
    def register_health_checks(self) -> Iterable[HealthCheck]:
        return [HealthCheck(name="same", check=hang), HealthCheck(name="same", check=hang)]


def offering(path: str, handler: Any) -> type[Plugin]:
    class Offering(Plugin):
        @hookimpl
        def register_routes(self) -> Routes:
            return Routes(prefixes=(path,), handlers=[handler])

    return Offering


@get("/no-policy")
async def without_policy() -> None:
    return


@websocket("/no-policy-socket")
async def open_socket(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.close()


@asgi("/no-policy-mount", is_mount=True, copy_scope=True)
async def mounted(scope: Any, receive: Any, send: Any) -> None:
    return


@get("/elsewhere", opt=public("a toy"))
async def stray() -> None:
    return


@get("/unknown-dependency", opt=public("a toy"))
async def asks_for_what_nobody_gives(nobody: NamedDependency[int]) -> int:
    return nobody


@get("/fine", opt=public("a toy"))
async def fine() -> str:
    return "fine"


class ForeignHome(Plugin):
    @hookimpl
    def register_routes(self) -> Routes:
        return Routes(prefixes=("/fine",), handlers=[fine], home="//evil.example/fine")


class HomeOfTwoLines(Plugin):
    @hookimpl
    def register_routes(self) -> Routes:
        return Routes(prefixes=("/fine",), handlers=[fine], home="/fine/\r\nSet-Cookie: a=b")


class WrongFirstSteps(Plugin):
    @hookimpl
    def register_first_steps(self) -> Any:
        return ["Open the door"]


class FailingFirstSteps(Plugin):
    @hookimpl
    def register_first_steps(self) -> FirstSteps:
        async def first_steps(url: str) -> list[str]:
            raise RuntimeError(f"nobody is\nat {url}")

        return first_steps


NoPolicy = offering("/no-policy", without_policy)
SocketWithoutPolicy = offering("/no-policy-socket", open_socket)
MountWithoutPolicy = offering("/no-policy-mount", mounted)
StrayRoute = offering("/claimed", stray)
UnknownDependency = offering("/unknown-dependency", asks_for_what_nobody_gives)
BadPrefix = offering("fine/", fine)
RootPrefix = offering("/", fine)
HostPrefix = offering("/health/ready", fine)
KeysPrefix = offering("/keys", fine)


def of_two(letter: str) -> type[Plugin]:
    """Make one of two plugins that both want the same prefix, menu entry and service."""

    class OfTwo(Plugin):
        @hookimpl
        def register_routes(self) -> Routes:
            handler = get(f"/shared/{letter}", opt=public("a toy"))(fine.fn)
            prefix = "/shared" if letter == "a" else "/shared/deeper"
            return Routes(prefixes=(prefix,), handlers=[handler], home=prefix)

        @hookimpl
        def register_menu(self) -> Iterable[MenuEntry]:
            return [MenuEntry(id="shared", label="Shared", path="/shared")]

        @hookimpl
        def register_services(self) -> Mapping[type, Any]:
            return {Greeter: object}

    return OfTwo


FirstOfTwo, SecondOfTwo = of_two("a"), of_two("b")


class FailingLifespan(Plugin):
    @hookimpl
    def register_routes(self) -> Routes:
        router = Router(path="/failing", route_handlers=[fine], opt=public("a toy"))
        return Routes(prefixes=("/failing",), handlers=[router])

    @hookimpl
    def lifespan(self) -> AbstractAsyncContextManager[None]:
        @asynccontextmanager
        async def run() -> AsyncIterator[None]:
            raise OSError("no mail server at 10.0.0.9")
            yield

        return run()


async def hang() -> None:
    await asyncio.Event().wait()


class HangingCheck(Plugin):
    @hookimpl
    def register_health_checks(self) -> Iterable[HealthCheck]:
        return [HealthCheck(name="hangs", check=hang)]


class ShownHangingCheck(Plugin):
    @hookimpl
    def register_health_checks(self) -> Iterable[HealthCheck]:
        return [HealthCheck(name="hangs", check=hang, critical=False)]


class BrokenCommands(Plugin):
    @hookimpl
    def register_commands(self) -> None:
        raise RuntimeError("no commands today")


def __getattr__(name: str) -> Any:
    """Load `hook_raises` as a fresh `HookRaises()`: hooks are methods of an object."""
    made = globals().get("".join(word.capitalize() for word in name.split("_")))
    if made is None:
        raise AttributeError(name)
    return made()
