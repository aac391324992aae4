"""The plugin's settings, read from `SPRINTIA_VIEWER_*`."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from sprintia_platform import Secret


class ViewerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the viewer.

    Attributes:
        key: what second factors are sealed with, 32 bytes in base64; or a file, by `..._FILE`. Without it, the file
            `viewer.key` in `SPRINTIA_DATA_DIR`, made at first use. Every process of a platform needs the same one.
        allowed_networks: from where people may sign in and read, as CIDR; empty, from everywhere.
        session_idle_minutes: a session ends that was not used for so long.
        session_hours: a session ends after so long, used or not.
        insecure_http: whether people may sign in without HTTPS: cookies then lack `Secure`. For trials alone.
        pseudo_locale: whether pages are shown in a made-up language, where forgotten texts stand out. For tests alone.
        public_url: where people reach the viewer, for instance `https://sprintia.example`: for links and for OIDC.
        oidc_issuer: the OpenID Connect provider; with it, `oidc_client_id` and `public_url` are required.
        oidc_client_id: who the viewer is there.
        oidc_client_secret: how it proves that; without it, the provider must take PKCE alone.
        oidc_scopes: what is asked for.
        oidc_role_claim: the claim of the ID token that says what a person may do: a text or a list of texts.
        oidc_admins: values of that claim that make an admin.
        oidc_editors: values that make an editor.
        oidc_viewers: values that make a viewer; whoever has none of the values is refused.
        oidc_name: how the button on the page for signing in names the provider.
    """

    key: Secret | None = None
    allowed_networks: tuple[str, ...] = ()
    session_idle_minutes: Annotated[int, msgspec.Meta(ge=1, le=24 * 60)] = 30
    session_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 7)] = 12
    insecure_http: bool = False
    pseudo_locale: bool = False
    public_url: str | None = None

    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: Secret | None = None
    oidc_scopes: tuple[str, ...] = ("openid", "profile", "email")
    oidc_role_claim: str = "groups"
    oidc_admins: tuple[str, ...] = ()
    oidc_editors: tuple[str, ...] = ()
    oidc_viewers: tuple[str, ...] = ()
    oidc_name: str = "OpenID"

    def __post_init__(self) -> None:
        faults = [*self._network_faults(), *self._url_faults(), *self._oidc_faults()]
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """`allowed_networks`, ready to ask."""
        return tuple(ipaddress.ip_network(network) for network in self.allowed_networks)

    def _network_faults(self) -> list[str]:
        faults = []
        for network in self.allowed_networks:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                faults.append(f"ALLOWED_NETWORKS: {error}; write for instance 10.0.0.0/8")
        return faults

    def _url_faults(self) -> list[str]:
        if self.public_url is not None:
            parts = urlsplit(self.public_url)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or parts.query:
                return ["PUBLIC_URL: write scheme and host alone, for instance https://sprintia.example"]
        return []

    def _oidc_faults(self) -> list[str]:
        if self.oidc_issuer is None:
            return []
        faults = []
        if not is_safe_url(self.oidc_issuer):
            faults.append("OIDC_ISSUER: it must begin with https:// (http only on this machine)")
        if not self.oidc_client_id:
            faults.append("OIDC_CLIENT_ID is not set: OIDC_ISSUER needs it")
        if self.public_url is None:
            faults.append("PUBLIC_URL is not set: OIDC_ISSUER needs it, for the provider sends people back there")
        if "openid" not in self.oidc_scopes:
            faults.append("OIDC_SCOPES: openid is missing")
        if not (self.oidc_admins or self.oidc_editors or self.oidc_viewers):
            faults.append("OIDC_ADMINS, OIDC_EDITORS and OIDC_VIEWERS are all empty: nobody could sign in")
        return faults


def is_safe_url(url: str) -> bool:
    """Whether what goes there is protected on its way: https, or this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"})
    )
