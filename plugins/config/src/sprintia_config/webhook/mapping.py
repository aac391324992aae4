"""`mapping_sync`: one account and inbox, and all fallback and special numbers of one tenant."""

from sprintia_config.mapping.slices import EMPTY_KEYS, Entry, Slice, is_chatwoot_id, is_phone_number, is_sequence
from sprintia_config.secrecy.leaves import secret_leaves
from sprintia_config.webhook.fields import (
    Body,
    identifier,
    invalid,
    is_empty,
    mapping,
    required,
    says_something,
)
from sprintia_platform.content.values import Json

_KNOWN = frozenset({
    "chatwoot_account_id", "chatwoot_inbox_id", "internal_account_id", "domain", "is_fallback", "sequence",
    "special_whatsapp_numbers", "account_id",
})  # fmt: skip


class MappingSync:
    """What one `mapping_sync` asks for."""

    def __init__(self, body: Body) -> None:
        """Read a body.

        Raises:
            Problem: 400 when chatwoot_account_id, internal_account_id or domain is missing or malformed.
        """
        given = mapping(required(body, "mapping"), "mapping")
        self.account = _chatwoot_id(required(given, "chatwoot_account_id"), "chatwoot_account_id")
        self.tenant_id = identifier(required(given, "internal_account_id"), "internal_account_id")
        self.domain = identifier(required(given, "domain"), "domain")
        inbox = given.get("chatwoot_inbox_id")
        # Odoo's ids begin at 1; `None` is what Python's str() made of an empty field.
        is_none = is_empty(inbox) or inbox == 0 or (isinstance(inbox, str) and inbox in {"0", *EMPTY_KEYS})
        self.inbox = None if is_none else _chatwoot_id(inbox, "chatwoot_inbox_id")
        self.is_fallback = given.get("is_fallback") is True
        self.sequence = _sequence(given.get("sequence"))
        self.special_numbers = self._numbers(given.get("special_whatsapp_numbers"))
        # The mapping is shown to whoever may read configuration: an unknown secret has no place in it.
        self._more: Entry = {
            name: value
            for name, value in given.items()
            if name not in _KNOWN and says_something(value) and not secret_leaves("config", {name: value})
        }

    def applied(self, standing: Slice) -> Slice:
        """Upsert the account and the inbox; replace the tenant's fallback and special numbers."""
        entry: Entry = {"account_id": self.tenant_id, "domain": self.domain, **self._more}
        inboxes = dict(standing.inboxes)
        if self.inbox is not None:
            inboxes[self.inbox] = {**inboxes.get(self.inbox, {}), **entry}
        fallback: Entry = {"domain": self.domain, "account_id": self.tenant_id, "sequence": self.sequence}
        return Slice(
            accounts={**standing.accounts, self.account: {**standing.accounts.get(self.account, {}), **entry}},
            inboxes=inboxes,
            fallbacks=(fallback,) if self.is_fallback else (),
            special_numbers=self.special_numbers,
        )

    def _numbers(self, value: Json) -> tuple[Entry, ...]:
        if is_empty(value):
            return ()
        if not isinstance(value, list):
            raise invalid("special_whatsapp_numbers deve ser uma lista", "special_whatsapp_numbers must be a list")
        numbers: list[Entry] = []
        for entry in value:
            if isinstance(entry, dict) and is_empty(entry.get("number")):
                continue  # Odoo has three fields for numbers and sends the empty ones too
            if not isinstance(entry, dict) or not is_phone_number(entry["number"]):
                raise invalid(
                    "special_whatsapp_numbers tem um número inválido", "special_whatsapp_numbers has a bad number"
                )
            if not isinstance(entry.get("crew") or "", str):
                raise invalid("crew deve ser um texto", "crew must be a text")
            said = {
                name: item
                for name, item in entry.items()
                if not is_empty(item) and not secret_leaves("config", {name: item})
            }
            numbers.append({**said, "domain": self.domain, "account_id": self.tenant_id})
        return tuple(numbers)


def _chatwoot_id(value: Json, name: str) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not is_chatwoot_id(text):
        raise invalid(f"{name} não é um id do Chatwoot", f"{name} is no Chatwoot id")
    return text


def _sequence(value: Json) -> int:
    if is_empty(value):
        return 10
    if isinstance(value, int) and is_sequence(value):
        return value
    raise invalid("sequence deve ser um número inteiro", "sequence must be a whole number")
