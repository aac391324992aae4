"""`mapping_sync`: one account and inbox, and all fallback and special numbers of one tenant."""

from sprintia_config.mapping.slices import Slice
from sprintia_config.webhook.fields import Body, identifier, invalid, is_empty, mapping, required
from sprintia_platform.content.values import Json

_HIGHEST_SEQUENCE = 2**31


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
        self.inbox = None if is_empty(inbox) or inbox in (0, "0") else _chatwoot_id(inbox, "chatwoot_inbox_id")
        self.is_fallback = given.get("is_fallback") is True
        self.sequence = _sequence(given.get("sequence"))
        self.special_numbers = self._numbers(given.get("special_whatsapp_numbers"))

    def applied(self, standing: Slice) -> Slice:
        """Upsert the account and the inbox; replace the tenant's fallback and special numbers."""
        entry: dict[str, Json] = {"account_id": self.tenant_id, "domain": self.domain}
        inboxes = dict(standing.inboxes)
        if self.inbox is not None:
            inboxes[self.inbox] = entry
        fallback: dict[str, Json] = {"domain": self.domain, "account_id": self.tenant_id, "sequence": self.sequence}
        return Slice(
            accounts={**standing.accounts, self.account: entry},
            inboxes=inboxes,
            fallbacks=(fallback,) if self.is_fallback else (),
            special_numbers=self.special_numbers,
        )

    def _numbers(self, value: Json) -> tuple[dict[str, Json], ...]:
        if is_empty(value):
            return ()
        if not isinstance(value, list):
            raise invalid("special_whatsapp_numbers deve ser uma lista", "special_whatsapp_numbers must be a list")
        numbers: list[dict[str, Json]] = []
        for entry in value:
            number = entry.get("number") if isinstance(entry, dict) else None
            if isinstance(entry, dict) and is_empty(number):
                continue  # Odoo has three fields for numbers and sends the empty ones too
            crew = entry.get("crew") if isinstance(entry, dict) else None
            if not isinstance(number, str) or not 3 <= sum(c.isdigit() for c in number) <= 32 or len(number) > 64:
                raise invalid(
                    "special_whatsapp_numbers tem um número inválido", "special_whatsapp_numbers has a bad number"
                )
            kept: dict[str, Json] = {"number": number, "domain": self.domain, "account_id": self.tenant_id}
            if isinstance(crew, str) and crew:
                kept = {"number": number, "crew": crew, "domain": self.domain, "account_id": self.tenant_id}
            numbers.append(kept)
        return tuple(numbers)


def _chatwoot_id(value: Json, name: str) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if (
        not isinstance(text, str)
        or not text.isascii()
        or not text.replace("-", "").replace("_", "").isalnum()
        or len(text) > 64
    ):
        raise invalid(f"{name} não é um id do Chatwoot", f"{name} is no Chatwoot id")
    return text


def _sequence(value: Json) -> int:
    if is_empty(value):
        return 10
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _HIGHEST_SEQUENCE:
        return value
    raise invalid("sequence deve ser um número inteiro", "sequence must be a whole number")
