"""`mapping_sync`: one account and inbox, and all fallback and special numbers of one tenant."""

from sprintia_config import problems
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
from sprintia_platform import Problem
from sprintia_platform.content.values import Json

_KNOWN = frozenset({
    "chatwoot_account_id", "chatwoot_inbox_id", "internal_account_id", "domain", "is_fallback", "sequence",
    "special_whatsapp_numbers", "account_id",
})  # fmt: skip


class Mapped:
    """One account and inbox as a webhook says them.

    Attributes:
        account, inbox: Chatwoot's ids; without an inbox it is the whole account.
        entry: what the mapping holds of them.
        special_numbers: with which it comes.
    """

    def __init__(self, given: Body, tenant_id: str, place: str = "") -> None:
        """Read one.

        Args:
            given: the fields.
            tenant_id: whose it is.
            place: of the fields in the body, for the refusal.

        Raises:
            Problem: 400 when chatwoot_account_id or domain is missing, or something is malformed.
        """
        self.account = _chatwoot_id(_required(given, "chatwoot_account_id", place), f"{place}chatwoot_account_id")
        self.domain = identifier(_required(given, "domain", place), f"{place}domain")
        self._tenant_id, self._place = tenant_id, place
        inbox = given.get("chatwoot_inbox_id")
        # Odoo's ids begin at 1; `None` is what Python's str() made of an empty field.
        is_none = is_empty(inbox) or inbox == 0 or (isinstance(inbox, str) and inbox in {"0", *EMPTY_KEYS})
        self.inbox = None if is_none else _chatwoot_id(inbox, f"{place}chatwoot_inbox_id")
        self.is_fallback = given.get("is_fallback") is True
        self.sequence = _sequence(given.get("sequence"), f"{place}sequence")
        self.special_numbers = self._numbers(given.get("special_whatsapp_numbers"))
        # The mapping is shown to whoever may read configuration: an unknown secret has no place in it.
        more: Entry = {
            name: value
            for name, value in given.items()
            if name not in _KNOWN and says_something(value) and not secret_leaves("config", {name: value})
        }
        self.entry: Entry = {"account_id": tenant_id, "domain": self.domain, **more}

    @property
    def fallback(self) -> Entry:
        return {"domain": self.domain, "account_id": self._tenant_id, "sequence": self.sequence}

    def _numbers(self, value: Json) -> tuple[Entry, ...]:
        name = f"{self._place}special_whatsapp_numbers"
        if is_empty(value):
            return ()
        if not isinstance(value, list):
            raise invalid(f"{name} deve ser uma lista", f"{name} must be a list")
        numbers: list[Entry] = []
        for entry in value:
            if isinstance(entry, dict) and is_empty(entry.get("number")):
                continue  # Odoo has three fields for numbers and sends the empty ones too
            if not isinstance(entry, dict) or not is_phone_number(entry["number"]):
                raise invalid(f"{name} tem um número inválido", f"{name} has a bad number")
            if not isinstance(entry.get("crew") or "", str):
                raise invalid("crew deve ser um texto", "crew must be a text")
            said = {
                name: item
                for name, item in entry.items()
                if not is_empty(item) and not secret_leaves("config", {name: item})
            }
            numbers.append({**said, "domain": self.domain, "account_id": self._tenant_id})
        return tuple(numbers)


class MappingSync:
    """What one `mapping_sync` asks for.

    Attributes:
        tenant_id: whose mapping it is.
        stream: within which its sender numbers what it sends.
    """

    def __init__(self, body: Body) -> None:
        """Read a body.

        Raises:
            Problem: 400 when chatwoot_account_id, internal_account_id or domain is missing or malformed.
        """
        given = mapping(required(body, "mapping"), "mapping")
        required(given, "chatwoot_account_id")
        self.tenant_id = identifier(required(given, "internal_account_id"), "internal_account_id")
        self._mapped = Mapped(given, self.tenant_id)
        self.stream = f"mapping_sync:{self._mapped.account}:{self._mapped.inbox or ''}"

    def applied(self, standing: Slice) -> Slice:
        """Upsert the account and the inbox; replace the tenant's fallback and special numbers."""
        mapped = self._mapped
        inboxes = dict(standing.inboxes)
        if mapped.inbox is not None:
            inboxes[mapped.inbox] = {**inboxes.get(mapped.inbox, {}), **mapped.entry}
        account = {**standing.accounts.get(mapped.account, {}), **mapped.entry}
        return Slice(
            accounts={**standing.accounts, mapped.account: account},
            inboxes=inboxes,
            fallbacks=(mapped.fallback,) if mapped.is_fallback else (),
            special_numbers=mapped.special_numbers,
        )


def _required(given: Body, name: str, place: str) -> Json:
    value = given.get(name)
    if is_empty(value):
        raise Problem(problems.DATA_INCOMPLETE, field=f"{place}{name}")
    return value


def _chatwoot_id(value: Json, name: str) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not is_chatwoot_id(text):
        raise invalid(f"{name} não é um id do Chatwoot", f"{name} is no Chatwoot id")
    return text


def _sequence(value: Json, name: str) -> int:
    if is_empty(value):
        return 10
    if isinstance(value, int) and is_sequence(value):
        return value
    raise invalid(f"{name} deve ser um número inteiro", f"{name} must be a whole number")
