"""Serve ready answers straight from the connection: uvicorn's protocol, with a shorter way for them.

What ASGI costs each request (a task, two messages, each header looked at anew) is several times what such an answer
takes. Everything else goes uvicorn's ordinary way, where the request layer gives the same answers to other servers.
"""

from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sprintia_platform.http.request_layer import RequestLayer


def ready_protocol(layer: RequestLayer) -> type[HttpToolsProtocol]:
    """Make the protocol of an application, for `uvicorn.Config(http=...)`."""

    class ReadyProtocol(HttpToolsProtocol):
        def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
            # Others that wait behind this one would be started from within each other: a long pipeline, deep calls.
            if self.pipeline or self.flow.write_paused or not self._give(cycle):
                super()._start_asgi_task(cycle, app)

        def _give(self, cycle: RequestResponseCycle) -> bool:
            scope: Any = cycle.scope
            ready = layer.ready_answers(scope)
            if ready is None:
                return False
            if isinstance(self.app, ProxyHeadersMiddleware):
                _take_proxy_headers(self.app, scope)
            answer = layer.ready_bytes(ready, scope, self.server_state.default_headers, keep_alive=cycle.keep_alive)
            if answer is None:
                return False
            cycle.response_started = cycle.response_complete = True
            self.transport.write(answer)
            if not cycle.keep_alive or layer.draining:
                self.transport.close()
            self.on_response_complete()
            return True

    return ReadyProtocol


def _take_proxy_headers(configured: ProxyHeadersMiddleware, scope: Any) -> None:
    """Let uvicorn's own code say who calls and over what, where a trusted proxy tells; it has nothing to wait for."""
    middleware = ProxyHeadersMiddleware(_nothing)
    middleware.trusted_hosts = configured.trusted_hosts
    step: Any = middleware(scope, _nothing, _nothing)
    try:
        step.send(None)
    except StopIteration:
        return
    step.close()
    raise RuntimeError("uvicorn's ProxyHeadersMiddleware waits for something: the ready protocol cannot use it")


async def _nothing(*_: Any) -> Any:
    return None
