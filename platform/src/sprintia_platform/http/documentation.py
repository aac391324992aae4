"""`/schema`: the OpenAPI document, and Swagger UI from files of this process; nothing comes from elsewhere."""

from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from litestar import Request, Response, Router, get
from litestar.datastructures import ResponseHeader
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, OpenAPIMediaType, Operation, RequestBody, Schema, SecurityScheme
from litestar.params import FromPath
from litestar.routes import HTTPRoute

from sprintia_platform.http import problems
from sprintia_platform.http.problems import Problem
from sprintia_platform.keys.guards import public

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-standalone-preset.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
_START = b"""SwaggerUIBundle({
  url: "/schema/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null
});
"""
# Named by the page: a browser that is told of no icon asks for /favicon.ico, and writes the 404 on its console.
_ICON = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">
<g fill="none" stroke="#4c5fd5" stroke-width="3"><path d="M8 4H5v16h3M16 4h3v16h-3"/></g></svg>
"""
_OWN = {"start.js": (_START, "text/javascript"), "icon.svg": (_ICON, "image/svg+xml")}
_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sprintia Platform: API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/schema/assets/icon.svg"><link rel="stylesheet" href="/schema/assets/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<noscript>This page needs JavaScript; the document is at <a href="/schema/openapi.json">openapi.json</a>.</noscript>
<script src="/schema/assets/swagger-ui-bundle.js"></script>
<script src="/schema/assets/start.js"></script></body></html>
"""
_TEXT = {"type": "string"}
_PROBLEM = {
    "description": "An error, as RFC 9457 describes it.",
    "content": {
        problems.MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "instance", "request_id"],
                "properties": {
                    "type": _TEXT | {"description": "urn:sprintia:problem: and the code, which programs compare."},
                    "title": _TEXT,
                    "status": {"type": "integer"},
                    "detail": _TEXT | {"description": "What is wrong here and what to do, in the caller's language."},
                    "instance": _TEXT,
                    "request_id": _TEXT,
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["code", "message"],
                            "properties": {
                                "code": _TEXT,
                                "message": _TEXT,
                                "pointer": _TEXT | {"description": "RFC 6901."},
                                "line": {"type": "integer"},
                                "column": {"type": "integer"},
                            },
                        },
                    },
                },
            }
        }
    },
}


class SwaggerPage(OpenAPIRenderPlugin):
    """Swagger UI without inline script, so that a strict Content-Security-Policy holds."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return _PAGE


class ContractDocument(JsonRenderPlugin):
    """The OpenAPI document, completed by what Litestar cannot know: which routes are public, and how errors look."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        public_routes = {
            (route.path_format, method.lower())
            for route in request.app.routes
            if isinstance(route, HTTPRoute)
            for handler in route.route_handlers
            if "public" in handler.opt
            for method in handler.http_methods
        }
        for path, item in openapi_schema["paths"].items():
            for method, operation in item.items():
                if (path, method) in public_routes:
                    operation["security"] = []
                operation["responses"].pop("400", None)  # Litestar's own form of errors, which nobody gets here
                operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
        openapi_schema["components"]["responses"] = {"Problem": _PROBLEM}
        return super().render(request, openapi_schema)


def documented_body(description: str, *media_types: str) -> type[Operation]:
    """Describe the body of a handler that reads it itself: `@put(..., operation_class=documented_body(...))`."""
    schema = Schema(description=description)

    @dataclass
    class WithBody(Operation):
        def __post_init__(self) -> None:
            content = {media_type: OpenAPIMediaType(schema=schema) for media_type in media_types}
            self.request_body = RequestBody(content=content, description=description, required=True)

    return WithBody


def openapi_config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Sprintia Platform",
        version=version("sprintia-platform"),
        components=Components(
            security_schemes={
                "apiKey": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
                "bearer": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
        security=[{"apiKey": []}, {"bearer": []}],
        use_handler_docstrings=True,
        render_plugins=[SwaggerPage(path=["/", "/swagger"]), ContractDocument(path="/openapi.json")],
        openapi_router=Router(
            path="/schema",
            route_handlers=[],
            opt=public("the contract is no secret"),
            response_headers=[ResponseHeader(name="Content-Security-Policy", value=_POLICY)],
            include_in_schema=False,
        ),
    )


@get("/schema/assets/{name:str}", opt=public("static files"), include_in_schema=False)
async def asset(name: FromPath[str]) -> Response[bytes]:
    """Serve Swagger UI's files out of the installed package."""
    if name in _OWN:
        content, media_type = _OWN[name]
        return Response(content, media_type=media_type)
    if name not in _ASSETS:
        raise Problem(problems.NOT_FOUND, path=f"/schema/assets/{name}")
    return Response(
        (files("litestar_offline_docs") / "static" / name).read_bytes(),
        media_type=_ASSETS[name],
        headers={"Cache-Control": "public, max-age=86400"},
    )


HANDLERS = (asset,)
