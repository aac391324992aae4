"""`mapping_sync` with `mappings`: all that a tenant maps, in one event."""

from collections.abc import Iterable

from sprintia_config import problems
from sprintia_config.mapping.slices import Entry, Slice, digits_of
from sprintia_config.webhook.fields import Body, flag, identifier, invalid, is_empty, required
from sprintia_config.webhook.mapping import Mapped
from sprintia_platform import Problem
from sprintia_platform.content.values import Json


class WholeMappingSync:
    """What one such event asks for: what it does not say is gone.

    Attributes:
        tenant_id: whose mapping it is.
        stream: within which its sender numbers what it sends.
    """

    stream = "mapping_sync"

    def __init__(self, body: Body) -> None:
        """Read a body.

        Raises:
            Problem: 400 when account_id or mappings is missing, when something is malformed, or two things are said
                of one account or inbox.
        """
        self.tenant_id = identifier(required(body, "account_id"), "account_id")
        if not is_empty(body.get("mapping")):
            raise invalid("informe mapping ou mappings, não os dois", "mapping or mappings must be given, not both")
        read = [_mapped(item, self.tenant_id, f"mappings[{index}]") for index, item in enumerate(_listed(body))]
        # Where several could answer it is the one with the lowest sequence; of equal ones the first that was sent.
        self._slice = _slice_of(sorted(read, key=lambda mapped: mapped.sequence))

    def applied(self, _standing: Slice) -> Slice:
        """Replace all that the tenant maps."""
        return self._slice


def _listed(body: Body) -> list[Json]:
    """Read the list. An empty one empties the mapping: nothing else that is empty may be taken for it."""
    value = body.get("mappings")
    if flag(body, "deleted"):
        if not is_empty(value):
            raise invalid("deleted: true não combina com mappings", "deleted: true does not go with mappings")
        return []
    if value is None or value is False or value == "":
        raise Problem(problems.DATA_INCOMPLETE, field="mappings")
    if not isinstance(value, list):
        raise invalid("mappings deve ser uma lista", "mappings must be a list")
    return value


def _mapped(item: Json, tenant_id: str, place: str) -> Mapped:
    if not isinstance(item, dict):
        raise invalid(f"{place} deve ser um objeto", f"{place} must be an object")
    for name in ("internal_account_id", "account_id"):
        if not is_empty(item.get(name)) and identifier(item[name], f"{place}.{name}") != tenant_id:
            raise invalid(f"{place} é de outra conta", f"{place} belongs to another account")
    return Mapped(item, tenant_id, f"{place}.")


def _slice_of(mappings: list[Mapped]) -> Slice:
    by_inbox = [mapped for mapped in mappings if mapped.inbox is not None]
    accounts = _once(
        "chatwoot_account_id", ((mapped.account, mapped.entry) for mapped in mappings if mapped.inbox is None)
    )
    for mapped in by_inbox:  # an account with inboxes alone answers as the first of them
        accounts.setdefault(mapped.account, mapped.entry)
    fallbacks: dict[str, Entry] = {}
    numbers: dict[str, Entry] = {}
    for mapped in mappings:
        if mapped.is_fallback:
            fallbacks.setdefault(mapped.domain, mapped.fallback)
        for number in mapped.special_numbers:
            numbers.setdefault(digits_of(str(number["number"])), number)
    return Slice(
        accounts=accounts,
        inboxes=_once("chatwoot_inbox_id", ((str(mapped.inbox), mapped.entry) for mapped in by_inbox)),
        fallbacks=tuple(fallbacks.values()),
        special_numbers=tuple(numbers.values()),
    )


def _once(field: str, said: Iterable[tuple[str, Entry]]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for key, entry in said:
        if found.setdefault(key, entry) != entry:
            raise invalid(f"mappings diz duas coisas de {field} {key}", f"mappings says two things of {field} {key}")
    return found
