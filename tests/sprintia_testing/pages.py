"""Every page of the viewer, by name, for a tenant whose shop is open."""

from sprintia_viewer.web import links

TENANT = "loja-aurora"
KEY = (TENANT, "retail", "config")
REFUSED = 5
"""Of what the first shop of an installation delivers, the number of what is refused."""
PAGES = {
    "tenants": links.home(),
    "search": links.search(q="aurora"),
    "search-nothing": links.search(q="nothing has this", tenant="nobody"),
    "tenant": links.tenant(TENANT),
    "no-tenant": links.tenant("nobody"),
    "document": links.document(*KEY),
    "document-json": links.document(*KEY, view="json"),
    "secrets": links.document(TENANT, "retail", "credentials"),
    "secret": links.secret(TENANT, "retail", "credentials", f"{TENANT}-00bfe67a"),
    "version": links.version(*KEY, 1),
    "history": links.history(*KEY),
    "blame": links.blame(*KEY),
    "compare": links.difference(*KEY, 1, 3),
    "compare-text": f"{links.difference(*KEY, 1, 3)}?view=text",
    "compare-tenants": links.compare(left=f"{TENANT}/retail", right="planted/retail", type_="config"),
    "edit": links.edit(*KEY),
    "rollback": links.rollback(*KEY, 1),
    "delete": links.delete(*KEY),
    "export": links.export(TENANT),
    "import": links.import_(),
    "mapping": links.mapping(),
    "mapping-history": links.mapping("history"),
    "mapping-version": links.mapping("history", TENANT, 1),
    "collections": links.collections(),
    "deliveries": links.deliveries(),
    "delivery": links.deliveries(TENANT, REFUSED),
    "replay": links.deliveries(TENANT, REFUSED, "replay"),
    "audit": links.audit(),
    "audit-event": links.audit(TENANT, 1),
    "keys": links.keys(),
    "users": links.users(),
    "user": links.users(1),
    "account": links.account(),
    "sessions": links.sessions(),
    "confirm": links.path("confirm"),
    "plugins": links.plugins(),
    "shortcuts": links.shortcuts(),
    "nothing": links.path("nothing"),
}
NOT_FOUND = {"no-tenant", "nothing"}
WITHOUT_TWIN = {"secret"}
"""What is never JSON."""
