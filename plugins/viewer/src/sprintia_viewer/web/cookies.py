"""The session's cookie."""

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from sprintia_viewer.web.origins import is_secure

_LONGEST = 200


class SessionCookie:
    """Holds the session's token in the browser; it is gone when the browser ends.

    Over TLS its name begins with `__Host-`, so that no other host and no plain connection can plant one (RFC 6265bis,
    section 4.1.3.2). Without TLS, on this machine itself, browsers would refuse that name.
    """

    _secure_name = "__Host-sprintia"
    _plain_name = "sprintia"

    def read(self, request: Request[Any, Any, Any]) -> str | None:
        token = request.cookies.get(self._name(request))
        return token if token and len(token) <= _LONGEST else None

    def made(self, request: Request[Any, Any, Any], token: str) -> Cookie:
        secure = is_secure(request)
        return Cookie(key=self._name(request), value=token, path="/", httponly=True, secure=secure, samesite="lax")

    def ended(self, request: Request[Any, Any, Any]) -> Cookie:
        secure = is_secure(request)
        return Cookie(
            key=self._name(request), value="", path="/", httponly=True, secure=secure, samesite="lax", max_age=0
        )

    def _name(self, request: Request[Any, Any, Any]) -> str:
        return self._secure_name if is_secure(request) else self._plain_name
