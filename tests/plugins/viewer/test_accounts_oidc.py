"""Signing in at an OpenID Connect provider, an honest one and one that lies."""

import asyncio
import gzip
import json
import time
from collections.abc import Iterator

import pytest
from sprintia_testing.accounts import Accounts
from sprintia_testing.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider

from sprintia_platform import Secret
from sprintia_viewer.accounts.oidc import Oidc
from sprintia_viewer.accounts.oidc_provider import OidcRefused, OidcUnavailable
from sprintia_viewer.accounts.signing_in import Refused, SignedIn
from sprintia_viewer.accounts.users import User
from sprintia_viewer.settings import ViewerSettings


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    with OidcProvider.start() as started:
        yield started


class Visitor:
    """A person's browser and the viewer that it visits."""

    def __init__(self, accounts: Accounts, provider: OidcProvider) -> None:
        self.accounts, self.provider = accounts, provider
        settings = ViewerSettings(
            public_url="https://sprintia.example/", oidc_issuer=provider.issuer, oidc_client_id=CLIENT_ID,
            oidc_client_secret=Secret(CLIENT_SECRET), oidc_admins=("admins",), oidc_editors=("editors", "writers"),
            oidc_viewers=("readers",),
        )  # fmt: skip
        self.oidc = Oidc(accounts.database, settings, accounts.key, accounts.sessions)

    def sign_in(self, **person: object) -> SignedIn:
        self.provider.person |= person
        begun = self.accounts.do(self.oidc.begin("/viewer/t/one"))
        back = self.provider.visit(begun.url)
        returned = self.accounts.do(self.finishing(back["state"], begun.state, back["code"]))
        assert returned.next_path == "/viewer/t/one"
        return returned.signed_in

    def finishing(self, state: str, cookie: str, code: str, **given):
        return self.oidc.finish(
            state=state, cookie_state=cookie, code=code, address="127.0.0.1", user_agent="test", **given
        )


@pytest.fixture
def visitor(accounts: Accounts, provider: OidcProvider) -> Visitor:
    provider.person["sub"] = f"subject {time.monotonic_ns()}"
    provider.person["preferred_username"] = f"ana{time.monotonic_ns()}"
    return Visitor(accounts, provider)


def test_a_person_is_made_at_the_first_sign_in_and_found_at_the_next(visitor: Visitor) -> None:
    first = visitor.sign_in(preferred_username="Ána Prado@example", name="Ana Prado", email="x@y")
    assert (first.user.role, first.user.display_name, first.user.from_oidc) == ("editor", "Ana Prado", True)
    assert first.user.name == "-na-prado@example".strip("-")
    assert not first.user.has_password
    assert not first.user.may_reveal
    again = visitor.sign_in(preferred_username="renamed", name="Other")
    assert (again.user.id, again.user.name) == (first.user.id, first.user.name)
    assert visitor.accounts.found(again.token).user.id == first.user.id
    assert again.token != first.token
    assert visitor.accounts.events(first.user.name) == [
        (f"oidc:{visitor.provider.issuer}", "user.create"),
        (f"user:{first.user.name}", "session.open"),
        (f"user:{first.user.name}", "session.open"),
    ]
    assert isinstance(visitor.accounts.attempt(first.user.name, ""), Refused)  # no password opens it


def test_a_local_user_of_the_same_name_is_somebody_else(visitor: Visitor) -> None:
    local = visitor.accounts.user(role="admin")
    signed_in = visitor.sign_in(preferred_username=local.name)
    assert signed_in.user.id != local.id
    assert signed_in.user.name == f"{local.name}-2"


def test_the_provider_decides_about_the_role(visitor: Visitor) -> None:
    def roles_of(groups: object) -> tuple[str, bool]:
        user: User = visitor.sign_in(groups=groups).user
        return user.role, user.may_reveal

    assert roles_of(["x", "admins", "readers"]) == ("admin", True)
    assert roles_of("readers") == ("viewer", False)  # what an admin was given goes with the role
    assert roles_of(["writers"]) == ("editor", False)
    for groups in ([], None, "", "Admins", ["adm", 7, {}], {"admins": 1}, 3, [["admins"]]):
        with pytest.raises(OidcRefused) as refused:
            visitor.sign_in(groups=groups)
        assert refused.value.code == "no_role"


def test_a_disabled_person_stays_out(visitor: Visitor) -> None:
    user = visitor.sign_in().user
    visitor.accounts.do(visitor.accounts.users.change(user.id, disabled=True, by="test"))
    with pytest.raises(OidcRefused) as refused:
        visitor.sign_in()
    assert refused.value.code == "disabled"


def test_first_sign_ins_at_once_make_one_user(visitor: Visitor) -> None:
    begun = [visitor.accounts.do(visitor.oidc.begin()) for _ in range(4)]
    backs = [visitor.provider.visit(each.url) for each in begun]
    results = visitor.accounts.together(
        *(visitor.finishing(b["state"], each.state, b["code"]) for each, b in zip(begun, backs, strict=True))
    )
    assert len({result.signed_in.user.id for result in results}) == 1
    assert len({result.signed_in.token for result in results}) == 4


def test_a_return_counts_once_in_the_browser_that_began_and_in_time(visitor: Visitor) -> None:
    accounts = visitor.accounts

    def refusal(state: str, cookie: str, code: str) -> str:
        with pytest.raises(OidcRefused) as refused:
            accounts.do(visitor.finishing(state, cookie, code))
        return refused.value.code

    mine, other = accounts.do(visitor.oidc.begin()), accounts.do(visitor.oidc.begin())
    back = visitor.provider.visit(mine.url)
    for cookie in ("", other.state, mine.state[:-1]):
        assert refusal(back["state"], cookie, back["code"]) == "outdated"
    assert refusal("", "", back["code"]) == "outdated"
    assert refusal("invented", "invented", back["code"]) == "outdated"
    results = accounts.together(*(visitor.finishing(back["state"], mine.state, back["code"]) for _ in range(4)))
    assert [type(result) for result in results].count(OidcRefused) == 3
    accounts.sql("UPDATE viewer.oidc_login SET expires_at = now()")
    assert refusal(other.state, other.state, "x") == "outdated"
    denied = accounts.do(visitor.oidc.begin())
    assert refusal(denied.state, denied.state, "") == "denied"
    assert "verifier" not in repr(denied)
    assert denied.state not in repr(denied)


def test_a_code_of_another_sign_in_is_refused(visitor: Visitor) -> None:
    # An attacker hands the victim's browser the attacker's code: PKCE and nonce tell them apart.
    victim, attacker = (visitor.accounts.do(visitor.oidc.begin()) for _ in range(2))
    code = visitor.provider.visit(attacker.url)["code"]
    with pytest.raises(OidcUnavailable):
        visitor.accounts.do(visitor.finishing(victim.state, victim.state, code))


NOW = int(time.time())


@pytest.mark.parametrize(
    "lies",
    [
        {"iss": "https://elsewhere.example"}, {"iss": None}, {"aud": "another"}, {"aud": None}, {"aud": []},
        {"aud": ["another", "third"]}, {"aud": [CLIENT_ID, "another"]}, {"azp": "another"},
        {"aud": [CLIENT_ID, "another"], "azp": "another"}, {"exp": NOW - 3600}, {"exp": None}, {"exp": "never"},
        {"iat": None}, {"iat": NOW + 3600}, {"nbf": NOW + 3600}, {"nonce": "another"}, {"nonce": None}, {"nonce": 7},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256},
        {"sub": "a\0"}, {"sub": "\ud800"},
    ],
)  # fmt: skip
def test_a_token_whose_claims_do_not_hold_is_refused(visitor: Visitor, lies: dict[str, object]) -> None:
    visitor.provider.lies = lies
    with pytest.raises(OidcUnavailable):
        visitor.sign_in()


@pytest.mark.parametrize("sign", ["none", "hmac", "other_key", "wrong_kid"])
def test_a_token_whose_signature_does_not_hold_is_refused(visitor: Visitor, sign: str) -> None:
    visitor.provider.sign = sign
    with pytest.raises(OidcUnavailable) as refused:
        visitor.sign_in()
    assert "ID token" in refused.value.cause
    assert "ID token" not in str(refused.value)


def test_new_keys_of_the_provider_are_read_when_they_are_needed(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.sign_in()
    asked = visitor.provider.asked.count("/jwks")
    visitor.sign_in()
    assert visitor.provider.asked.count("/jwks") == asked
    visitor.provider.renew_keys()
    monkeypatch.setattr("sprintia_viewer.accounts.oidc_provider._FRESH_SECONDS", 0.0)
    visitor.sign_in()
    assert visitor.provider.asked.count("/jwks") == asked + 1


DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (DISCOVERY, (500, {}, b"{}")),
        (DISCOVERY, (200, {}, b"[")),
        (DISCOVERY, (200, {}, b"\xff\xfe")),
        (DISCOVERY, (302, {"Location": "/jwks"}, b"")),
        ("/jwks", (200, {}, b"{}")),
        ("/jwks", (200, {}, b'{"keys": [{"kty": "RSA"}]}')),
        ("/jwks", (200, {}, b'{"keys": 7}')),
        ("/token", (200, {}, b"{}")),
        ("/token", (200, {}, b'{"id_token": "a.b.c"}')),
        ("/token", (200, {}, b'{"id_token": ""}')),
        ("/token", (200, {}, '{"id_token": "é.\\ud800.x"}'.encode())),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_apart_from_a_refusal(
    visitor: Visitor, path: str, answer: tuple[int, dict[str, str], bytes]
) -> None:
    visitor.provider.answers[path] = answer
    with pytest.raises(OidcUnavailable):
        visitor.sign_in()


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://elsewhere.example"}, {"token_endpoint": "http://elsewhere.example/token"},
        {"jwks_uri": "file:///etc/passwd"}, {"authorization_endpoint": "javascript:alert(1)"}, {"jwks_uri": 7},
    ],
)  # fmt: skip
def test_a_discovery_document_that_leads_elsewhere_is_refused(visitor: Visitor, changed: dict[str, object]) -> None:
    body = json.dumps(visitor.provider.discovery() | changed).encode()
    visitor.provider.answers[DISCOVERY] = (200, {}, body)
    with pytest.raises(OidcUnavailable):
        visitor.sign_in()


def test_what_would_do_is_refused_when_it_is_too_large_or_compressed(visitor: Visitor) -> None:
    honest = json.dumps(visitor.provider.discovery()).encode()
    large = honest[:-1] + b', "padding": "' + b"x" * 1_100_000 + b'"}'
    for answer in ((200, {}, large), (200, {"Content-Encoding": "gzip"}, gzip.compress(honest))):
        visitor.provider.answers[DISCOVERY] = answer
        with pytest.raises(OidcUnavailable):
            visitor.sign_in()
    visitor.provider.answers[DISCOVERY] = (200, {}, honest)
    visitor.sign_in()


def test_a_provider_that_is_gone_or_silent_is_not_waited_for(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def listen_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side has enough
        writer.close()

    async def silent() -> Exception | None:
        server = await asyncio.start_server(listen_only, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            visitor.oidc._provider._issuer = f"http://127.0.0.1:{port}"
            try:
                await visitor.oidc.begin()
            except OidcUnavailable as error:
                return error
            return None

    monkeypatch.setattr("sprintia_viewer.accounts.oidc_provider._TIMEOUT", 0.2)
    assert isinstance(visitor.accounts.do(silent()), OidcUnavailable)
    with pytest.raises(OidcUnavailable):  # by now nobody listens there
        visitor.accounts.do(visitor.oidc.begin())


def test_a_session_is_confirmed_by_its_own_person_who_signed_in_again(visitor: Visitor) -> None:
    accounts = visitor.accounts
    signed_in = visitor.sign_in()
    session = accounts.found(signed_in.token)

    def confirm(**given):
        begun = accounts.do(visitor.oidc.begin("/viewer/x", session=session))
        assert "prompt=login&max_age=0" in begun.url
        back = visitor.provider.visit(begun.url)
        return accounts.do(
            visitor.finishing(
                back["state"], begun.state, back["code"], **({"session": session, "token": signed_in.token} | given)
            )
        )

    def refusal(**given) -> str:
        with pytest.raises(OidcRefused) as refused:
            confirm(**given)
        return refused.value.code

    other = accounts.opened(accounts.user())
    assert refusal(session=None) == "outdated"
    assert refusal(session=accounts.found(other), token=other) == "outdated"
    visitor.provider.lies = {"sub": "somebody else"}
    assert refusal() == "other_person"
    for auth_time in (None, int(time.time()) - 3600, int(time.time()) + 3600, float("nan"), float("inf"), True):
        visitor.provider.lies = {"auth_time": auth_time}
        assert refusal() == "not_fresh"
    visitor.provider.lies = {"auth_time": "now"}
    with pytest.raises(OidcUnavailable):
        confirm()
    assert not accounts.found(signed_in.token).confirmed
    visitor.provider.lies = {}
    returned = confirm()
    assert accounts.found(returned.signed_in.token).confirmed
    assert accounts.found(returned.signed_in.token).id == session.id
    assert accounts.do(accounts.sessions.find(signed_in.token)) is None
