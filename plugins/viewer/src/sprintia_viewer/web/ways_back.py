"""Where a link can lead back to from a page that answers a form."""

from typing import Any

from litestar import Request
from litestar.routes import HTTPRoute

from sprintia_viewer.web.links import home
from sprintia_viewer.web.origins import SAFE_METHODS


def readable_path(request: Request[Any, Any, Any]) -> str:
    """The request's own path; where forms alone lead, as to `…/rotate`, that of the page above it."""
    path, template = request.url.path, str(request.scope.get("path_template", ""))
    if request.method in SAFE_METHODS or not template:
        return path
    routes = (route for route in request.app.routes if isinstance(route, HTTPRoute))
    readable = {route.path_format for route in routes if "GET" in route.methods}
    while template not in readable:
        path, template = path.rpartition("/")[0], template.rpartition("/")[0]
        if not template:
            return home()
    return path
