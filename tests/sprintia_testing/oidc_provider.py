"""A small OpenID Connect provider on this machine: it signs people in, checks PKCE, and can be told to lie."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

CLIENT_ID = "sprintia"
CLIENT_SECRET = "the secret of the client, with : and é"


class OidcProvider:
    """The provider.

    Attributes:
        issuer: its URL.
        person: claims of whoever signs in next.
        lies: claims that replace those of the ID token; None takes one away.
        answers: by path, (status, headers, body) instead of the honest answer.
        sign: how the token is signed: honest, or `none`, `other_key`, `hmac`, `wrong_kid`.
        asked: the paths that were asked for.
    """

    def __init__(self, url: str) -> None:
        self.issuer = url
        self.person: dict[str, Any] = {"sub": "248289761001", "preferred_username": "ana", "groups": ["editors"]}
        self.lies: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.sign = "honest"
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.renew_keys()

    def renew_keys(self) -> None:
        self.key = RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)
        self.other = ECKey.generate_key("P-256", parameters={"use": "sig", "alg": "ES256"}, auto_kid=True)

    @classmethod
    @contextmanager
    def start(cls) -> Iterator["OidcProvider"]:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.daemon_threads = True
        provider = cls(f"http://127.0.0.1:{server.server_address[1]}")
        server.provider = provider  # type: ignore[attr-defined] - the handler finds it there
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def visit(self, url: str) -> dict[str, str]:
        """Be the person's browser: sign in there, and return the query that it comes back with."""
        answer = httpx.get(url, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
        }  # fmt: skip

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "exp": now + 300, "iat": now, "nonce": asked["nonce"],
            **({"auth_time": now} if "max_age" in asked else {}), **self.person, **self.lies,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign == "none":
            parts = ({"alg": "none"}, claims)
            return (
                ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
                + "."
            )
        if self.sign == "hmac":  # with what everybody can read, as if it were a shared secret
            shared = OctKey.import_key(json.dumps(self.key.as_dict(private=False)))
            return jwt.encode({"alg": "HS256", "kid": self.key.kid}, claims, shared)
        if self.sign == "other_key":
            stranger = RSAKey.generate_key(2048)
            return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, stranger)
        kid = "unheard of" if self.sign == "wrong_kid" else self.key.kid
        return jwt.encode({"alg": "RS256", "kid": kid}, claims, self.key)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # its end waits for theirs: none leaves a socket behind


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Keep quiet."""

    @property
    def provider(self) -> OidcProvider:
        return self.server.provider  # type: ignore[attr-defined,no-any-return]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if self._told(parts.path):
            return
        if parts.path == "/.well-known/openid-configuration":
            self._json(self.provider.discovery())
        elif parts.path == "/jwks":
            self._json(KeySet([self.provider.other, self.provider.key]).as_dict(private=False))
        elif parts.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            code = secrets.token_urlsafe()
            self.provider.codes[code] = asked
            back = urlencode({"code": code, "state": asked["state"]})
            self._answer(302, {"Location": f"{asked['redirect_uri']}?{back}"}, b"")
        else:
            self._answer(404, {}, b"")

    def do_POST(self) -> None:
        form = {
            name: values[0]
            for name, values in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()
        }
        if self._told(self.path):
            return
        asked = self.provider.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        pair = urlencode({"": CLIENT_ID})[1:] + ":" + urlencode({"": CLIENT_SECRET})[1:]
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
        if (
            asked is None
            or form["redirect_uri"] != asked["redirect_uri"]
            or (asked["code_challenge_method"], asked["code_challenge"]) != ("S256", challenge)
            or self.headers["Authorization"] != authorization
        ):
            self._answer(400, {}, b'{"error": "invalid_grant"}')
            return
        self._json({"access_token": "unused", "token_type": "Bearer", "id_token": self.provider.id_token(asked)})

    def _told(self, path: str) -> bool:
        self.provider.asked.append(path)
        answer = self.provider.answers.get(path)
        if answer is not None:
            self._answer(*answer)
        return answer is not None

    def _json(self, content: Any) -> None:
        self._answer(200, {"Content-Type": "application/json"}, json.dumps(content).encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            return  # whoever asked had enough
