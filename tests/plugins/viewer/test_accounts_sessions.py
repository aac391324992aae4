"""Sessions: what opens them, what ends them, and that a browser's own idea of a token is never taken."""

import hashlib
from datetime import timedelta

import pytest
from sprintia_testing.accounts import Accounts

from sprintia_viewer.accounts.sessions import csrf_matches, csrf_of


def test_a_token_is_found_with_its_user_and_stands_nowhere(accounts: Accounts) -> None:
    user = accounts.user(role="editor", tenants=["one", "two"], display_name="Ana Prado")
    token = accounts.opened(user)
    session = accounts.found(token)
    assert session.user.name == user.name
    assert session.user.tenants == {"one", "two"}
    assert session.user.rights == {"config:read", "config:write", "mapping:write"}
    assert session.user.last_seen_at is not None
    assert session.ends_at - session.created_at == pytest.approx(timedelta(hours=12), abs=timedelta(seconds=5))
    assert (session.confirmed, session.address, session.user_agent) == (False, "127.0.0.1", "test")
    (row,) = accounts.sql("SELECT token_hash, session::text AS text FROM viewer.session WHERE user_id = $1", user.id)
    assert row["token_hash"] == hashlib.sha256(token.encode()).digest()
    assert token not in row["text"]
    assert len(token) == 43  # 256 bits


@pytest.mark.parametrize("planted", ["", "AAAA", "x" * 43, "\0", "\ud800", "é" * 10_000, "' OR 1=1 --"])
def test_a_token_that_a_browser_invents_opens_nothing_and_is_never_adopted(accounts: Accounts, planted: str) -> None:
    user = accounts.user()
    assert accounts.do(accounts.sessions.find(planted)) is None
    assert accounts.do(accounts.sessions.rotate(planted)) is None
    accounts.do(accounts.sessions.close(planted))
    assert accounts.opened(user) != planted
    assert accounts.do(accounts.sessions.find(planted)) is None


def test_each_sign_in_has_a_token_of_its_own(accounts: Accounts) -> None:
    user = accounts.user()
    assert len({accounts.opened(user) for _ in range(3)}) == 3
    assert len(accounts.do(accounts.sessions.list(user.id))) == 3


@pytest.mark.parametrize(
    "moved",
    [
        "ends_at = now() - interval '1 second'",
        "last_seen_at = now() - interval '30 minutes 1 second'",
    ],
)
def test_a_session_ends_unused_and_ends_at_last(accounts: Accounts, moved: str) -> None:
    user = accounts.user()
    token, other = accounts.opened(user), accounts.opened(user)
    accounts.sql(f"UPDATE viewer.session SET {moved} WHERE id = $1", accounts.found(token).id)
    assert accounts.do(accounts.sessions.find(token)) is None
    assert accounts.do(accounts.sessions.rotate(token)) is None
    accounts.do(accounts.sessions.leave_notice(token, "late"))
    assert accounts.do(accounts.sessions.take_notices(token)) == ()
    assert [row.id for row in accounts.do(accounts.sessions.list(user.id))] == [accounts.found(other).id]


def test_use_keeps_a_session_but_is_written_once_a_minute_at_most(accounts: Accounts) -> None:
    user = accounts.user()
    token = accounts.opened(user)
    session = accounts.found(token)
    assert accounts.found(token).last_seen_at == session.last_seen_at
    accounts.sql("UPDATE viewer.session SET last_seen_at = now() - interval '29 minutes' WHERE id = $1", session.id)
    accounts.sql("UPDATE viewer.user SET last_seen_at = now() - interval '29 minutes' WHERE id = $1", user.id)
    accounts.found(token)
    again = accounts.found(token)
    assert again.last_seen_at >= session.last_seen_at
    assert again.user.last_seen_at is not None
    assert again.user.last_seen_at >= session.last_seen_at


def test_a_reader_does_not_wait_for_who_changes_the_user(accounts: Accounts) -> None:
    user = accounts.user()
    token = accounts.opened(user)
    accounts.sql("UPDATE viewer.session SET last_seen_at = now() - interval '2 minutes' WHERE user_id = $1", user.id)

    async def read_while_locked() -> bool:
        async with accounts.database.transaction("viewer") as connection:
            await connection.execute("SELECT FROM viewer.user WHERE id = $1 FOR UPDATE", user.id)
            session = await accounts.sessions.find(token)  # comes the other way: the session first
            await connection.execute("DELETE FROM viewer.session WHERE user_id = $1", user.id)
            return session is not None

    assert accounts.do(read_while_locked())


def test_disabling_ends_every_session_and_opens_none(accounts: Accounts) -> None:
    user = accounts.user()
    token = accounts.opened(user)
    accounts.do(accounts.users.change(user.id, disabled=True, by="user:root"))
    assert accounts.do(accounts.sessions.find(token)) is None
    assert accounts.do(accounts.sessions.open(user, address="", user_agent="")) is None
    accounts.do(accounts.users.change(user.id, disabled=False, by="user:root"))
    assert accounts.do(accounts.sessions.find(token)) is None  # not even afterwards
    assert accounts.opened(user)
    assert [action for _, action in accounts.events(user.name)][-3:] == ["user.disable", "user.enable", "session.open"]


def test_a_session_of_a_disabled_user_opens_nothing_even_where_it_was_left(accounts: Accounts) -> None:
    user = accounts.user()
    token = accounts.opened(user)
    accounts.sql("UPDATE viewer.user SET disabled_at = now() WHERE id = $1", user.id)
    assert accounts.do(accounts.sessions.find(token)) is None


def test_sessions_are_closed_one_by_one_and_all_but_this(accounts: Accounts) -> None:
    user, stranger = accounts.user(), accounts.user()
    here, there, elsewhere, gone = (accounts.opened(user) for _ in range(4))
    accounts.do(accounts.sessions.close(gone))
    assert accounts.do(accounts.sessions.find(gone)) is None
    listed = accounts.found(there).id
    assert not accounts.do(accounts.sessions.close_one(stranger.id, listed))  # nobody closes another's
    assert accounts.do(accounts.sessions.close_one(user.id, listed))
    assert not accounts.do(accounts.sessions.close_one(user.id, listed))
    assert accounts.do(accounts.sessions.close_all(user.id, accounts.found(here).id)) == 1
    assert accounts.do(accounts.sessions.find(elsewhere)) is None
    assert accounts.found(here)
    assert accounts.do(accounts.sessions.close_all(user.id, by="user:root")) == 1
    assert accounts.events(user.name)[-1] == ("user:root", "session.close")


def test_a_new_token_ends_the_old_one_and_keeps_the_session(accounts: Accounts) -> None:
    token = accounts.opened(accounts.user())
    session = accounts.found(token)
    renewed = accounts.do(accounts.sessions.rotate(token))
    assert renewed
    assert accounts.do(accounts.sessions.find(token)) is None
    assert accounts.found(renewed).id == session.id
    results = accounts.together(*(accounts.sessions.rotate(renewed) for _ in range(8)))
    assert len([result for result in results if result is not None]) == 1


def test_a_form_belongs_to_one_session(accounts: Accounts) -> None:
    user = accounts.user()
    mine, other = accounts.opened(user), accounts.opened(user)
    assert csrf_matches(mine, csrf_of(mine))
    assert mine not in csrf_of(mine)
    for given in ("", csrf_of(other), csrf_of(mine)[:-1], csrf_of(mine) + "0", mine, "é", "\ud800", "\0"):
        assert not csrf_matches(mine, given)


def test_notices_are_given_once_in_their_order_and_do_not_pile_up(accounts: Accounts) -> None:
    token = accounts.opened(accounts.user())
    for number in range(13):
        accounts.do(accounts.sessions.leave_notice(token, f'{{"n": {number}, "t": "ã\0<b>"}}'))
    assert accounts.found(token).has_notices
    results = accounts.together(*(accounts.sessions.take_notices(token) for _ in range(6)))
    assert sorted(results, key=len)[:-1] == [()] * 5
    (taken,) = [result for result in results if result]
    assert taken == tuple(f'{{"n": {number}, "t": "ã<b>"}}' for number in range(3, 13))
    assert not accounts.found(token).has_notices


def test_what_a_browser_calls_itself_is_cut_and_cleaned(accounts: Accounts) -> None:
    user = accounts.user()
    accounts.do(accounts.sessions.open(user, address="::1%eth0\n", user_agent="\0\x1b[31m\ud800" + "ß" * 500))
    (listed,) = accounts.do(accounts.sessions.list(user.id))
    assert listed.user_agent == "[31m" + "ß" * (200 - 7)
    assert listed.address == "::1%eth0"
