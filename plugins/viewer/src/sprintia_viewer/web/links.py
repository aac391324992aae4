"""Where each page is: the one place that knows the viewer's addresses.

`ROOT` is the prefix that the plugin claims. Paths are quoted here; templates and handlers never put one together.
"""

from urllib.parse import quote, urlencode

ROOT = "/viewer"


def path(*parts: object, **query: object) -> str:
    """An address below the root; parts of the query that are None or empty are left out."""
    place = "/".join([ROOT, *(quote(str(part), safe="@") for part in parts)])
    given = {name.rstrip("_"): value for name, value in query.items() if value not in (None, "", False)}
    return f"{place}?{urlencode(given)}" if given else place


def home() -> str:
    return f"{ROOT}/"


def search(**query: object) -> str:
    return path("search", **query)


def tenant(tenant_id: str) -> str:
    return path("t", tenant_id)


def export(tenant_id: str) -> str:
    """Not below the tenant's page: there stand domains, of whatever name."""
    return path("export", tenant_id)


def new_document(tenant_id: str, **query: object) -> str:
    return path("new", tenant_id, **query)


def import_() -> str:
    return path("import")


def document(tenant_id: str, domain: str, config_type: str, *below: object, **query: object) -> str:
    return path("t", tenant_id, domain, config_type, *below, **query)


def key(tenant_id: str, domain: str, config_type: str, pointer: str) -> str:
    """The place of a key on the document's page."""
    return f"{document(tenant_id, domain, config_type)}#k:{quote(pointer, safe='/')}"


def version(tenant_id: str, domain: str, config_type: str, number: int) -> str:
    return document(tenant_id, domain, config_type, "v", number)


def history(tenant_id: str, domain: str, config_type: str, **query: object) -> str:
    return document(tenant_id, domain, config_type, "history", **query)


def difference(tenant_id: str, domain: str, config_type: str, left: int, right: int) -> str:
    """The comparison of two versions, old left, new right."""
    return document(tenant_id, domain, config_type, "diff", f"{left}..{right}")


def blame(tenant_id: str, domain: str, config_type: str, **query: object) -> str:
    return document(tenant_id, domain, config_type, "blame", **query)


def edit(tenant_id: str, domain: str, config_type: str, **query: object) -> str:
    return document(tenant_id, domain, config_type, "edit", **query)


def delete(tenant_id: str, domain: str, config_type: str) -> str:
    return document(tenant_id, domain, config_type, "delete")


def rollback(tenant_id: str, domain: str, config_type: str, number: int) -> str:
    return document(tenant_id, domain, config_type, "rollback", number)


def secret(tenant_id: str, domain: str, config_type: str, name: str) -> str:
    return document(tenant_id, domain, config_type, "secrets", name)


def compare(**query: object) -> str:
    return path("compare", **query)


def mapping(*below: object, **query: object) -> str:
    return path("mapping", *below, **query)


def collections(**query: object) -> str:
    return path("collections", **query)


def deliveries(*below: object, **query: object) -> str:
    return path("deliveries", *below, **query)


def audit(*below: object, **query: object) -> str:
    return path("audit", *below, **query)


def keys(*below: object, **query: object) -> str:
    return path("keys", *below, **query)


def users(*below: object, **query: object) -> str:
    return path("users", *below, **query)


def sessions(*below: object) -> str:
    return path("sessions", *below)


def account(*below: object) -> str:
    return path("account", *below)


def confirm(**query: object) -> str:
    return path("confirm", **query)


def oidc_start() -> str:
    return path("oidc", "start")


def preferences() -> str:
    return path("preferences")


def plugins() -> str:
    return path("plugins")


def shortcuts() -> str:
    return path("shortcuts")


def sign_in(**query: object) -> str:
    return path("sign-in", **query)


def sign_out() -> str:
    return path("sign-out")


def welcome(token: str) -> str:
    return path("welcome", token)
