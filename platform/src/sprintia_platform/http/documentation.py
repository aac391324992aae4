"""`/schema`: the OpenAPI document, and Swagger UI from files of this process; nothing comes from elsewhere."""

from importlib.metadata import version
from importlib.resources import files
from typing import Any

from litestar import Request, Response, Router, get
from litestar.datastructures import ResponseHeader
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import FromPath

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
_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sprintia Platform: API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/schema/assets/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<noscript>This page needs JavaScript; the document is at <a href="/schema/openapi.json">openapi.json</a>.</noscript>
<script src="/schema/assets/swagger-ui-bundle.js"></script>
<script src="/schema/assets/start.js"></script></body></html>
"""
_START = b"""SwaggerUIBundle({
  url: "/schema/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null
});
"""


class SwaggerPage(OpenAPIRenderPlugin):
    """Swagger UI without inline script, so that a strict Content-Security-Policy holds."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return _PAGE


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
        render_plugins=[SwaggerPage(path=["/", "/swagger"]), JsonRenderPlugin(path="/openapi.json")],
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
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if name not in _ASSETS:
        raise Problem(problems.NOT_FOUND, path=f"/schema/assets/{name}")
    return Response(
        (files("litestar_offline_docs") / "static" / name).read_bytes(),
        media_type=_ASSETS[name],
        headers={"Cache-Control": "public, max-age=86400"},
    )


HANDLERS = (asset,)
