"""`/` and `/metrics`."""

from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, quote

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from sprintia_platform.host import Host
from sprintia_platform.http.acceptance import prefers_html
from sprintia_platform.keys.guards import public

# The characters of a query that mean something, and the sign of what is encoded already (RFC 3986, section 3.4).
_KEPT_IN_QUERY = "%!$&'()*+,;=:@/?~"


@get(
    "/",
    opt=public("says what this is"),
    responses={303: ResponseSpec(None, description="A browser is led to the pages for people.")},
    tags=["host"],
)
async def index(request: Request[Any, Any, Any], host: NamedDependency[Host]) -> Response[dict[str, str]]:
    """Say what answers here, and where its documentation is. A browser is led to the pages for people instead."""
    home = host.home
    query = request.scope["query_string"]
    if home is not None and (prefers_html(request.headers.get("accept")) or _names_a_tenant(query)):
        # The path is the plugin's own, from its code: what the caller sent stands behind the question mark alone.
        target = f"{home}?{quote(query, safe=_KEPT_IN_QUERY)}" if query else home
        return Response({}, status_code=303, headers={"Location": target, "Vary": "Accept"})
    content = {"name": "Sprintia Platform", "version": version("sprintia-platform"), "docs": "/schema"}
    return Response(content, headers={"Vary": "Accept"})


def _names_a_tenant(query: bytes) -> bool:
    """Whether this is an address of the viewer of before, which other systems' buttons open: `/?tenant_id=...`."""
    return any(name == "tenant_id" for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))


@get("/metrics", opt=public("scraped inside of the network; no public router leads here"), include_in_schema=False)
async def metrics(host: NamedDependency[Host]) -> Response[bytes]:
    """Show the metrics in Prometheus's text format."""
    return Response(host.metrics.render(), media_type=host.metrics.content_type)


HANDLERS = (index, metrics)
