"""The OpenID Connect provider as this process speaks with it: every answer bounded, every ID token verified.

Addresses, challenge and claims are authlib's; signatures are joserfc's, which it stands on. The requests are our own:
authlib's client bounds neither the size nor the time of an answer. Sources: OpenID Connect Core 1.0 (sections 3.1.2 and
3.1.3), OpenID Connect Discovery 1.0, RFC 7636 (PKCE).
"""

import asyncio
import base64
import time
from typing import Any
from urllib.parse import quote_plus

import httpx
import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.settings import ViewerSettings, is_safe_url

# Signatures with keys that the provider publishes; never `none`, and never a shared secret that a caller could know.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]

_TIMEOUT = 5.0
_MOST_BYTES = 1024 * 1024
_KEPT_SECONDS = 600.0
_FRESH_SECONDS = 10.0
_LEEWAY = 60


class OidcUnavailable(AccountError):
    """The provider did not answer, or answered what cannot be used. The cause is for the log, not for the person."""

    code = "oidc_unavailable"

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__("The OpenID provider did not answer as it should: try again, or tell who runs the platform.")


class OidcRefused(AccountError):
    """The sign-in was refused: `code` is outdated, denied, no_role, disabled, other_person or not_fresh."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class Metadata(msgspec.Struct, frozen=True):
    """What is needed of the provider's discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class Provider:
    """The provider that the settings name. What it publishes is kept for ten minutes."""

    def __init__(self, settings: ViewerSettings) -> None:
        self._issuer = settings.oidc_issuer or ""
        self._client_id = settings.oidc_client_id or ""
        self._client_secret = settings.oidc_client_secret
        self._scopes = " ".join(settings.oidc_scopes)
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def authorization_url(
        self, *, redirect_uri: str, state: str, nonce: str, verifier: str, sign_in_again: bool
    ) -> str:
        """Where the person's browser is sent.

        Raises:
            OidcUnavailable: the provider cannot be asked.
        """
        metadata = await self._discovered()
        again = {"prompt": "login", "max_age": "0"} if sign_in_again else {}
        url: str = prepare_grant_uri(
            metadata.authorization_endpoint, self._client_id, "code", redirect_uri=redirect_uri, scope=self._scopes,
            state=state, nonce=nonce, code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256", **again,
        )  # fmt: skip
        return url

    async def claims_of(self, code: str, *, redirect_uri: str, verifier: str, nonce: str) -> dict[str, Any]:
        """Exchange the code for an ID token, and return its claims, verified.

        Raises:
            OidcUnavailable: the provider does not take the code, or its token does not hold.
        """
        metadata = await self._discovered()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier,
        }  # fmt: skip
        headers = {}
        if self._client_secret is None:
            form["client_id"] = self._client_id
        else:
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._client_secret.reveal())}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = await _ask("POST", metadata.token_endpoint, data=form, headers=headers)
        return await self._verified(_decoded(answer, _Tokens, "token endpoint").id_token, nonce)

    async def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        options = {
            "iss": {"essential": True, "value": self._issuer}, "aud": {"essential": True, "value": self._client_id},
            "sub": {"essential": True, "validate": _is_subject},
        }  # fmt: skip
        try:
            signed = await self._signed(token)
            claims = CodeIDToken(signed.claims, signed.header, options, {"nonce": nonce, "client_id": self._client_id})
            claims.validate(leeway=_LEEWAY)
        except ClaimError as error:
            raise OidcUnavailable(f"the ID token does not hold: {type(error).__name__}, {error.claim}") from None
        except (JoseError, ValueError, TypeError) as error:
            raise OidcUnavailable(f"the ID token does not hold: {type(error).__name__}") from None
        return dict(claims)

    async def _signed(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, await self._published_keys(_KEPT_SECONDS), algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # the provider changed its keys
            return jwt.decode(token, await self._published_keys(_FRESH_SECONDS), algorithms=ALGORITHMS)

    async def _discovered(self) -> Metadata:
        if self._metadata is not None and time.monotonic() - self._metadata[0] < _KEPT_SECONDS:
            return self._metadata[1]
        answer = await _ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        metadata: Metadata = _decoded(answer, Metadata, "discovery document")
        if metadata.issuer != self._issuer:
            raise OidcUnavailable("the discovery document is of another issuer")
        for url in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
            if not is_safe_url(url):
                raise OidcUnavailable("the discovery document names an address without https")
        self._metadata = time.monotonic(), metadata
        return metadata

    async def _published_keys(self, kept_for: float) -> KeySet:
        if self._keys is not None and time.monotonic() - self._keys[0] < kept_for:
            return self._keys[1]
        answer = await _ask("GET", (await self._discovered()).jwks_uri)
        try:
            keys = KeySet.import_key_set(msgspec.json.decode(answer))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise OidcUnavailable(f"the published keys cannot be read: {type(error).__name__}") from None
        self._keys = time.monotonic(), keys
        return keys


def _is_subject(_claims: object, subject: object) -> bool:
    # Unprintable are NUL and lone surrogates, which the database does not hold.
    return isinstance(subject, str) and 0 < len(subject) <= 255 and subject.isprintable()


async def _ask(method: str, url: str, **given: Any) -> bytes:
    """One request: 5 seconds in all, 1 MiB, no redirect. Read raw: what is compressed does not unfold here.

    Raises:
        OidcUnavailable: there is no such answer.
    """
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", **given.pop("headers", {})}
    try:
        async with (
            asyncio.timeout(_TIMEOUT),
            httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream(method, url, headers=headers, **given) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise OidcUnavailable(f"{method} was answered with {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise OidcUnavailable("an answer is larger than 1 MiB")
            return bytes(body)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise OidcUnavailable(f"{method} failed: {type(error).__name__}") from None


def _decoded(answer: bytes, kind: type[Any], what: str) -> Any:
    try:
        return msgspec.json.decode(answer, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise OidcUnavailable(f"the {what} is not what it should be") from None
