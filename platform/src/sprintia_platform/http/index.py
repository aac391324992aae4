"""`/` and `/metrics`."""

from importlib.metadata import version

from litestar import Response, get
from litestar.di import NamedDependency

from sprintia_platform.host import Host
from sprintia_platform.keys.guards import public


@get("/", opt=public("says what this is"), tags=["host"])
async def index() -> dict[str, str]:
    """Say what answers here, and where its documentation is."""
    return {"name": "Sprintia Platform", "version": version("sprintia-platform"), "docs": "/schema"}


@get("/metrics", opt=public("scraped inside of the network; no public router leads here"), include_in_schema=False)
async def metrics(host: NamedDependency[Host]) -> Response[bytes]:
    """Show the metrics in Prometheus's text format."""
    return Response(host.metrics.render(), media_type=host.metrics.content_type)


HANDLERS = (index, metrics)
