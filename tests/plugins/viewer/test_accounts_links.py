"""One-time links: each is used once, by whom it was made for, and the first admin is made by one alone."""

import hashlib

import pytest
from sprintia_testing.accounts import PASSWORD, Accounts

from sprintia_viewer.accounts.errors import FieldRefused, NameTaken, NoSuchUser
from sprintia_viewer.accounts.links import LinkRefused
from sprintia_viewer.accounts.passwords import PasswordRefused
from sprintia_viewer.accounts.signing_in import SignedIn
from sprintia_viewer.accounts.users import User


def test_nobody_can_sign_in_to_an_empty_platform(fresh: Accounts) -> None:
    assert fresh.do(fresh.users.is_empty())
    for name, password in (("admin", "admin"), ("admin", ""), ("", ""), ("root", "sprintia")):
        assert fresh.attempt(name, password).kind == "wrong"


def test_the_first_admin_is_made_once_even_by_many_at_once(fresh: Accounts) -> None:
    token = fresh.do(fresh.links.make("first_admin", by="cli:root"))
    link = fresh.do(fresh.links.look(token))
    assert (link.purpose, link.user) == ("first_admin", None)
    results = fresh.together(
        *(fresh.links.redeem(token, name=f"Admin{number}", password=PASSWORD) for number in range(6))
    )
    made = [result for result in results if isinstance(result, User)]
    assert len(made) == 1
    assert [type(result) for result in results].count(LinkRefused) == 5
    assert (made[0].role, made[0].tenants, made[0].may_reveal, made[0].has_password) == ("admin", None, True, True)
    assert isinstance(fresh.attempt(made[0].name), SignedIn)
    assert not fresh.do(fresh.users.is_empty())
    with pytest.raises(LinkRefused):
        fresh.do(fresh.links.make("first_admin", by="cli:root"))
    assert fresh.events("first-admin") == [("cli:root", "link.make")]
    actor = f"user:{made[0].name}"
    assert fresh.events(made[0].name)[:2] == [(actor, "link.use"), (actor, "user.create")]


def test_two_links_for_the_first_admin_make_one(fresh: Accounts) -> None:
    old = fresh.do(fresh.links.make("first_admin", by="cli:root"))
    new = fresh.do(fresh.links.make("first_admin", by="cli:root"))
    assert fresh.do(fresh.links.look(old)) is None
    fresh.user(role="viewer")
    fresh.user(role="admin", tenants=["one"])
    assert fresh.do(fresh.links.look(new))  # neither of them administers
    fresh.user(role="admin")
    assert fresh.do(fresh.links.look(new)) is None
    with pytest.raises(LinkRefused):
        fresh.do(fresh.links.redeem(new, name="late", password=PASSWORD))
    assert fresh.do(fresh.users.named("late")) is None


def test_what_is_refused_leaves_the_link_good(fresh: Accounts) -> None:
    taken = fresh.user()
    token = fresh.do(fresh.links.make("first_admin", by="cli:root"))
    for error, name, password in (
        (PasswordRefused, "ana", "short"), (FieldRefused, "", PASSWORD), (FieldRefused, "a b", PASSWORD),
        (NameTaken, taken.name, PASSWORD), (PasswordRefused, "violet.harbour", "violet-harbour-1"),
    ):  # fmt: skip
        with pytest.raises(error):
            fresh.do(fresh.links.redeem(token, name=name, password=password))
    assert fresh.do(fresh.links.redeem(token, name="ana", display_name="Ana", password=PASSWORD)).display_name == "Ana"


def test_an_invitation_and_a_reset_give_a_password_and_end_what_was(accounts: Accounts) -> None:
    user = accounts.user(password=None)
    invitation = accounts.do(accounts.links.make("invite", user.id, by="user:root"))
    assert accounts.do(accounts.links.look(invitation)).user == user
    assert accounts.do(accounts.links.redeem(invitation, password=PASSWORD, name="ignored")).name == user.name
    session = accounts.opened(user)
    reset = accounts.do(accounts.links.make("password_reset", user.id, 1, by="user:root"))
    accounts.do(accounts.links.redeem(reset, password="another harbour 44"))
    assert accounts.do(accounts.sessions.find(session)) is None
    assert accounts.attempt(user.name).kind == "wrong"
    assert isinstance(accounts.attempt(user.name, "another harbour 44"), SignedIn)
    for used in (invitation, reset):
        assert accounts.do(accounts.links.look(used)) is None
        with pytest.raises(LinkRefused):
            accounts.do(accounts.links.redeem(used, password=PASSWORD))
    for token in (invitation, reset):
        rows = accounts.sql("SELECT token_hash, l::text AS text FROM viewer.one_time_link l")
        assert hashlib.sha256(token.encode()).digest() in [row["token_hash"] for row in rows]
        assert not any(token in row["text"] for row in rows)
    assert not accounts.sql("SELECT FROM platform.audit_event WHERE detail LIKE $1", f"%{reset}%")


def test_a_reset_is_used_once_by_many_at_once_beside_another_change(accounts: Accounts) -> None:
    user = accounts.user()
    token = accounts.do(accounts.links.make("password_reset", user.id, by="test"))
    results = accounts.together(
        *(accounts.links.redeem(token, password=f"harbour of number {n}") for n in range(6)),
        *(accounts.users.set_password(user.id, f"harbour by hand {n}", by="test") for n in range(3)),
    )
    assert sum(isinstance(result, User) for result in results) <= 1
    assert {type(result) for result in results} <= {User, LinkRefused, type(None)}


@pytest.mark.parametrize("end", ["expires_at = now()", "used_at = now()"])
def test_a_link_that_is_over_is_refused(accounts: Accounts, end: str) -> None:
    user = accounts.user()
    token = accounts.do(accounts.links.make("invite", user.id, by="test"))
    accounts.sql(f"UPDATE viewer.one_time_link SET {end} WHERE user_id = $1", user.id)
    assert accounts.do(accounts.links.look(token)) is None
    with pytest.raises(LinkRefused):
        accounts.do(accounts.links.redeem(token, password=PASSWORD))


@pytest.mark.parametrize("token", ["", "x" * 43, "\0", "\ud800", "é" * 5000])
def test_an_invented_link_is_refused(accounts: Accounts, token: str) -> None:
    assert accounts.do(accounts.links.look(token)) is None
    with pytest.raises(LinkRefused):
        accounts.do(accounts.links.redeem(token, name="x", password=PASSWORD))


def test_a_disabled_user_gets_no_link_and_can_use_none(accounts: Accounts) -> None:
    user = accounts.user()
    token = accounts.do(accounts.links.make("password_reset", user.id, by="test"))
    accounts.do(accounts.users.change(user.id, disabled=True, by="test"))
    with pytest.raises(LinkRefused):
        accounts.do(accounts.links.redeem(token, password=PASSWORD))
    for missing in (user.id, 10**9, None):
        with pytest.raises(NoSuchUser):
            accounts.do(accounts.links.make("invite", missing, by="test"))
