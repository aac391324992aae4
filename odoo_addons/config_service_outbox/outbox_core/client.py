"""The only place that talks to the configuration service."""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from .addresses import checked_url, is_loopback
from .answers import Answer, Outcome, classify, json_object, without_answer
from .canonical import canonical_json
from .comparison import comparison_in
from .faults import REMOTE_FAULTS, code_of
from .probing import RIGHTS, Looked, Probe, clock_skew
from .redaction import secrets_in
from .signing import headers as delivery_headers
from .signing import keys_of
from .transport import Received, Transport

USER_AGENT = "sprintia-odoo/2.0"
_LONGEST_ANSWER = 1024 * 1024
_LONGEST_COMPARISON = 16 * _LONGEST_ANSWER
_KEY = re.compile(r"[\x21-\x7e]{1,512}")
_LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,4}")


class ClientSettingError(ValueError):
    """A setting with which no client can be made; the message does not hold it.

    Attributes:
        code: `api_key`.
    """

    code = "api_key"

    def __init__(self) -> None:
        super().__init__("the API key is missing, or has characters that no key has")


class Reconciled(NamedTuple):
    """A comparison with the service.

    Attributes:
        reconciliation: as `comparison.comparison_in` has it; None when there was no comparison.
        answer: why not.
    """

    reconciliation: dict[str, Any] | None
    answer: Answer

    @property
    def reason(self) -> str:
        """Why there is no comparison, for people."""
        return self.answer.reason


class Client:
    """Delivers events, compares, and tests the connection. Not for several threads at once.

    Args:
        url: of the service; paths are added to it.
        api_key: of this installation.
        webhook_secret: deliveries are signed with it; several with spaces between them; `""` for none.
        timeout: seconds to connect, and of each wait for bytes.
        total: seconds that one delivery may take as a whole; looking up the host's name is not cut short by it.

    Raises:
        AddressError, ClientSettingError, SecretError: all ValueErrors, and none of them shows what it is about.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        webhook_secret: str = "",
        *,
        timeout: tuple[float, float] = (3.0, 10.0),
        total: float = 30.0,
    ) -> None:
        self._url = checked_url(url)
        if not _KEY.fullmatch(api_key):
            raise ClientSettingError
        keys_of(webhook_secret)
        self._api_key, self._webhook_secret = api_key, webhook_secret
        here = is_loopback(urlsplit(self._url).hostname or "")
        self._transport = Transport(timeout, total, through_proxies=not here)

    def __repr__(self) -> str:
        return f"Client({self._url!r})"

    def deliver(self, event_id: str, sequence: int, body_bytes: bytes, language: str = "") -> Answer:
        """Deliver one event. Whatever the other side does, it comes back as an answer.

        Args:
            event_id: the same at each attempt.
            sequence: the document's revision.
            body_bytes: the webhook's body, secrets in clear.
            language: of reasons, `pt-BR`.
        """
        named = delivery_headers(event_id, sequence, body_bytes, self._webhook_secret, time.time())
        return self._asked("/odoo-webhook/", body_bytes, language, named)

    def reconcile(self, tenant: str, documents: Iterable[Mapping[str, Any]], language: str = "") -> Reconciled:
        """Compare what is held of a tenant with what stands at the service.

        Args:
            tenant: the account.
            documents: `{domain, config_type, digest or version}` of each.
            language: of reasons.
        """
        body = canonical_json({"documents": [_named(document) for document in documents]})
        received = self._received(_path(tenant, "reconcile"), body, language, longest=_LONGEST_COMPARISON)
        if isinstance(received, Answer):
            return Reconciled(None, received)
        found = comparison_in(json_object(received.body)) if received.status == 200 else None
        if found is None:
            return Reconciled(None, self._judged(received, body, language))
        return Reconciled(found, Answer(Outcome.sent, status=200))

    def probe(self, tenant: str, language: str = "") -> Probe:
        """Test the connection, the clock, the key, its rights and its reach, and change nothing.

        Bodies that lack all that they need are refused after the right and the reach were looked at, and before
        anything is written or listed.

        Args:
            tenant: the account that is to be delivered for.
            language: of reasons.
        """
        before = time.time()
        first = self._received(_path(tenant, "default/config/validate"), b"{}", language)
        skew = None if isinstance(first, Answer) else clock_skew(first.headers.get("Date"), before, time.time())
        looked = Looked(self._judgement(first, language))
        if not looked.usable:
            return Probe(looked.reachable, skew, False, {}, looked.answer.reason)
        others = (
            Looked(self._judgement(self._received("/mapping/", b"{}", language), language)),
            Looked(self.reconcile(tenant, (), language).answer),
        )
        rights: dict[str, bool] = dict(zip(RIGHTS, (looked.allowed, *(other.allowed for other in others)), strict=True))
        rights[f"tenant {tenant}"] = looked.answer.status != 404 and others[1].answer.status != 404
        wrong = [one.answer.reason for one in (looked, *others) if not one.fine]
        return Probe(all(one.reachable for one in others), skew, True, rights, wrong[0] if wrong else "")

    def close(self) -> None:
        """End the connections."""
        self._transport.close()

    # --- one exchange

    def _asked(self, path: str, body: bytes, language: str, more: Mapping[str, str]) -> Answer:
        received = self._received(path, body, language, more)
        return received if isinstance(received, Answer) else self._judged(received, body, language)

    def _received(
        self,
        path: str,
        body: bytes,
        language: str,
        more: Mapping[str, str] | None = None,
        *,
        longest: int = _LONGEST_ANSWER,
    ) -> Received | Answer:
        headers = {
            "X-API-Key": self._api_key,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Language": _accepted(language),
            "User-Agent": USER_AGENT,
            **(more or {}),
        }
        try:
            return self._transport.post(self._url + path, headers, body, longest)
        except REMOTE_FAULTS as error:
            code, detail = code_of(error)
            return without_answer(code, language, detail)

    def _judgement(self, received: Received | Answer, language: str) -> Answer:
        return received if isinstance(received, Answer) else self._judged(received, b"", language)

    def _judged(self, received: Received, body: bytes, language: str) -> Answer:
        secrets = {self._api_key, *self._webhook_secret.split()}
        if received.status >= 400:
            secrets |= secrets_in(json_object(body))
        return classify(received.status, received.headers, received.body, language=language, secrets=secrets)


def _path(tenant: str, rest: str) -> str:
    return f"/configs/{quote(tenant, safe='@')}/{rest}"


def _accepted(language: str) -> str:
    tag = language.replace("_", "-")
    return f"{tag}, en;q=0.5" if _LANGUAGE.fullmatch(tag) else "en"


def _named(document: Mapping[str, Any]) -> dict[str, Any]:
    names = ("domain", "config_type", "digest", "version")
    return {name: document[name] for name in names if document.get(name) is not None}
