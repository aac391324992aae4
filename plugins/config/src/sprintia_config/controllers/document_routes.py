"""Where the routes of one document lie."""

from litestar import Router

from sprintia_config.controllers import comparison, documents, removed, validation

DOCUMENT_PATH = "/configs/{tenant:str}/{domain:str}/{config_type:str}"
TENANT_ROUTES = ("bundle", "changes", "events", "reconcile")
"""The last parts of a tenant's own routes. A domain may have such a name too, and Litestar's router, once it has taken
the fixed part of a path, never comes back to try the parameter: there the document's routes are laid a second time."""


def document_routers() -> list[Router]:
    """The routes of a document in any domain."""
    handlers = [
        *documents.OF_ONE_DOCUMENT, *removed.OF_ONE_DOCUMENT, *comparison.OF_ONE_DOCUMENT, *validation.OF_ONE_DOCUMENT,
    ]  # fmt: skip
    return [
        Router(path=DOCUMENT_PATH, route_handlers=handlers),
        *(
            Router(
                path=DOCUMENT_PATH.replace("{domain:str}", name), route_handlers=handlers, opt={"domain": name},
                include_in_schema=False,
            )
            for name in TENANT_ROUTES
        ),
    ]  # fmt: skip
