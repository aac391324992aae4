"""Every page of the viewer, by name, for a tenant whose shop is open."""

from sprintia_viewer.web import links

TENANT = "loja-aurora"
KEY = (TENANT, "retail", "config")
PAGES = {
    "tenants": links.home(),
    "search": links.search(q="aurora"),
    "search-nothing": links.search(q="nothing has this", tenant="nobody"),
    "tenant": links.tenant(TENANT),
    "no-tenant": links.tenant("nobody"),
    "document": links.document(*KEY),
    "document-json": links.document(*KEY, view="json"),
    "secrets": links.document(TENANT, "retail", "credentials"),
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
    "collections": links.collections(),
    "deliveries": links.deliveries(),
    "audit": links.audit(),
    "keys": links.keys(),
    "users": links.users(),
    "account": links.account(),
    "sessions": links.sessions(),
    "confirm": links.path("confirm"),
    "plugins": links.plugins(),
    "shortcuts": links.shortcuts(),
    "nothing": links.path("nothing"),
}
NOT_FOUND = {"no-tenant", "nothing"}
