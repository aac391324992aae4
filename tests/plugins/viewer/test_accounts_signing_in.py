"""Signing in: what is told to whom, how often one may guess, and that the count is exact."""

import time

import pytest
import structlog
from argon2 import PasswordHasher
from sprintia_testing.accounts import PASSWORD, Accounts
from sprintia_testing.platforms import wait_until

from sprintia_viewer.accounts import passwords
from sprintia_viewer.accounts.errors import Busy
from sprintia_viewer.accounts.signing_in import Refused, SignedIn
from sprintia_viewer.accounts.sweeping import sweep
from sprintia_viewer.accounts.throttle import RULES, network_of


def test_the_right_password_opens_a_session(accounts: Accounts) -> None:
    user = accounts.user()
    signed_in = accounts.attempt(f" {user.name.upper()} ")
    assert isinstance(signed_in, SignedIn)
    assert accounts.found(signed_in.token).user.id == user.id
    assert accounts.events(user.name)[-1] == (user.actor, "session.open")
    assert signed_in.token not in repr(signed_in)
    (stored,) = accounts.sql("SELECT password_hash FROM viewer.user WHERE id = $1", user.id)
    assert stored["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_whatever_was_wrong_looks_alike_and_costs_alike(accounts: Accounts) -> None:
    known, disabled, invited = accounts.user(), accounts.user(), accounts.user(password=None)
    accounts.do(accounts.users.change(disabled.id, disabled=True, by="test"))
    tries = {
        "wrong": (known.name, "not the password"),
        "unknown": ("nobody-here", PASSWORD),
        "no name": ("' OR 1=1 --\0\ud800é", PASSWORD),
        "disabled": (disabled.name, PASSWORD),
        "invited": (invited.name, ""),
    }
    work: list[str | None] = []
    real = passwords._matches
    took: dict[str, float] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_matches", lambda hashed, given: work.append(hashed) or real(hashed, given))
        for kind, (name, password) in tries.items():
            begun = time.perf_counter()
            assert accounts.attempt(name, password) == Refused(kind="wrong"), kind
            took[kind] = time.perf_counter() - begun
    assert len(work) == len(tries)
    for hashed in work:  # each with the parameters of today
        assert not PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).check_needs_rehash(hashed)


def test_nothing_that_was_typed_is_logged_or_kept(fresh: Accounts) -> None:
    typed = "hunter2-typed-as-a-name"
    with structlog.testing.capture_logs() as logs:
        for _ in range(RULES["account"].free + 1):
            fresh.attempt(typed, "hunter2-password", "123456")
    assert {entry["event"] for entry in logs} == {"sign-in refused", "sign-in throttled"}
    assert "hunter2" not in str(logs)
    for row in fresh.sql("SELECT attempt::text AS text FROM viewer.attempt"):
        assert "hunter2" not in row["text"]
        assert typed.encode().hex() not in row["text"]


def test_50_guesses_at_once_are_counted_exactly(fresh: Accounts) -> None:
    user = fresh.user()
    results = fresh.together(*(fresh.attempting(user.name, f"guess {number}") for number in range(50)))
    kinds = [result.kind for result in results]
    assert kinds.count("wrong") == RULES["account"].free
    assert kinds.count("throttled") == 50 - RULES["account"].free
    assert fresh.attempt(user.name).kind == "throttled"  # not even the right one, for a moment
    (row,) = fresh.sql(
        "SELECT failures, free_at - now() < interval '2 seconds' AS soon FROM viewer.attempt WHERE kind = 'account'"
    )
    assert (row["failures"], row["soon"]) == (5, True)


def test_the_wait_doubles_up_to_15_minutes_and_ends_by_itself(fresh: Accounts) -> None:
    user = fresh.user()
    for _ in range(4):
        assert fresh.attempt(user.name, "wrong").kind == "wrong"
    assert isinstance(fresh.attempt(user.name), SignedIn)  # four failures are free, and forgotten then
    waits = []
    for _ in range(19):
        fresh.sql("UPDATE viewer.attempt SET free_at = 'epoch'")
        fresh.attempt(user.name, "wrong")
        (row,) = fresh.sql(
            "SELECT greatest(0, extract(epoch FROM free_at - now()))::float AS wait "
            "FROM viewer.attempt WHERE kind = 'account'"
        )
        waits.append(row["wait"])
    expected = [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900, 900]
    assert waits == pytest.approx(expected, abs=1.0)
    refused = fresh.attempt(user.name)
    assert refused.kind == "throttled"
    assert 890 < refused.retry_after <= 900
    fresh.sql("UPDATE viewer.attempt SET free_at = now() - interval '1 second'")
    assert isinstance(fresh.attempt(user.name), SignedIn)  # after the wait the right password opens at once
    assert fresh.sql("SELECT count(*) FROM viewer.attempt WHERE kind = 'account'") == [{"count": 0}]


def test_failures_are_forgotten_with_time_and_swept_away(fresh: Accounts) -> None:
    user = fresh.user()
    for _ in range(4):
        fresh.attempt(user.name, "wrong")
    fresh.sql("UPDATE viewer.attempt SET since = since - interval '25 minutes' WHERE kind = 'account'")  # 2 of 4
    fresh.attempt(user.name, "wrong")
    counted = "SELECT failures FROM viewer.attempt WHERE kind = 'account'"
    assert fresh.sql(counted) == [{"failures": 3}]
    fresh.do(sweep(fresh.database))
    assert fresh.sql(counted) == [{"failures": 3}]
    fresh.sql("UPDATE viewer.attempt SET since = since - interval '2 days', free_at = now() - interval '1 day'")
    fresh.do(sweep(fresh.database))
    assert fresh.sql("SELECT count(*) FROM viewer.attempt") == [{"count": 0}]


def test_an_address_is_counted_over_all_accounts(fresh: Accounts) -> None:
    user = fresh.user()
    # One attempt at a time per account, another address of the same /64 each time.
    results = fresh.together(
        *(fresh.attempting(f"nobody-{number}", address=f"2001:db8:1:2::{number:x}") for number in range(40))
    )
    kinds = [result.kind if isinstance(result, Refused) else type(result).__name__ for result in results]
    # Those that found the queue of passwords full were given back.
    assert kinds.count("wrong") + kinds.count("throttled") + kinds.count("Busy") == 40
    assert kinds.count("wrong") <= RULES["address"].free
    fresh.sql("UPDATE viewer.attempt SET failures = 20, free_at = now() + interval '1 minute' WHERE kind = 'address'")
    assert fresh.attempt(user.name, address="2001:db8:1:2:ffff::1").kind == "throttled"
    assert isinstance(fresh.attempt(user.name, address="2001:db8:1:3::1"), SignedIn)


def test_one_good_account_does_not_buy_an_address_more_guesses(fresh: Accounts) -> None:
    user = fresh.user()
    for number in range(6):
        fresh.attempt(f"nobody-{number}", address="192.0.2.1")
        assert isinstance(fresh.attempt(user.name, address="192.0.2.1"), SignedIn)
    assert fresh.sql("SELECT failures FROM viewer.attempt WHERE kind = 'address'") == [{"failures": 6}]


def test_all_attempts_together_are_held_up_only_shortly(fresh: Accounts) -> None:
    user = fresh.user()
    fresh.attempt(user.name, "wrong")
    fresh.sql("UPDATE viewer.attempt SET failures = 100000, since = now(), free_at = 'epoch' WHERE kind = 'all'")
    assert fresh.attempt("nobody").kind == "wrong"
    refused = fresh.attempt(user.name)
    assert refused.kind == "throttled"
    assert 25 < refused.retry_after <= 30


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"), ("", ""), ("unix:", "unix:"), ("x" * 500, "x" * 100),
    ],
)  # fmt: skip
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


def test_too_many_at_once_are_told_to_come_back_and_cost_nothing(fresh: Accounts) -> None:
    users = [fresh.user(password=None) for _ in range(30)]
    results = fresh.together(*(fresh.attempting(user.name, "wrong") for user in users))
    busy = [result for result in results if isinstance(result, Busy)]
    assert 0 < len(busy) < 30
    assert busy[0].retry_after > 0
    (row,) = fresh.sql("SELECT sum(failures)::int AS all FROM viewer.attempt WHERE kind = 'account'")
    assert row["all"] == 30 - len(busy)


def test_no_more_than_two_run_at_once_whoever_goes_away(fresh: Accounts) -> None:
    import asyncio
    import threading

    running, most, lock, leave = 0, 0, threading.Lock(), threading.Event()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        leave.wait(10)
        with lock:
            running -= 1

    async def crowd() -> None:
        gate = passwords.Gate(2, 3)
        first = [asyncio.ensure_future(gate.run(work)) for _ in range(2)]
        await asyncio.to_thread(wait_until, lambda: running == 2)
        for task in first:  # the browsers went away; their work did not
            task.cancel()
        await asyncio.gather(*first, return_exceptions=True)
        waiting = [asyncio.ensure_future(gate.run(work)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await gate.run(work)
        leave.set()
        await asyncio.gather(*waiting)
        await gate.run(work)  # there is room again

    fresh.do(crowd())
    assert most == 2


def test_a_hash_of_other_days_is_made_anew_at_the_next_sign_in(accounts: Accounts) -> None:
    user = accounts.user()
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    accounts.sql("UPDATE viewer.user SET password_hash = $2 WHERE id = $1", user.id, old)
    assert isinstance(accounts.attempt(user.name), SignedIn)
    (stored,) = accounts.sql("SELECT password_hash FROM viewer.user WHERE id = $1", user.id)
    assert "m=19456,t=2" in stored["password_hash"]
    assert isinstance(accounts.attempt(user.name), SignedIn)


def test_a_session_is_confirmed_by_the_password_for_a_while(accounts: Accounts) -> None:
    user, other = accounts.user(), accounts.user(password="quite another 1 of mine")
    token = accounts.opened(user)
    session = accounts.found(token)

    def confirm(password: str):
        return accounts.do(accounts.sign_in.confirm(session, token, password, address="127.0.0.1"))

    assert confirm("wrong") == Refused(kind="wrong")
    assert confirm("quite another 1 of mine").kind == "wrong"
    assert not accounts.found(token).confirmed
    confirmed = confirm(PASSWORD)
    assert accounts.found(confirmed.token).confirmed
    assert accounts.found(confirmed.token).id == session.id
    assert accounts.do(accounts.sessions.find(token)) is None  # another token from now on
    assert confirm(PASSWORD).kind == "wrong"  # a session that is over is not confirmed
    accounts.sql(
        "UPDATE viewer.session SET confirmed_at = now() - interval '5 minutes 1 second' WHERE id = $1", session.id
    )
    assert not accounts.found(confirmed.token).confirmed
    assert other.name not in str(accounts.events(user.name))


def test_a_password_that_changes_in_between_opens_nothing(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    user = accounts.user()
    real = accounts.sign_in._refused_code

    async def meanwhile(*arguments):
        await accounts.users.set_password(user.id, "changed in between 5", by="test")
        return await real(*arguments)

    monkeypatch.setattr(accounts.sign_in, "_refused_code", meanwhile)
    assert accounts.attempt(user.name) == Refused(kind="wrong")
    assert accounts.do(accounts.sessions.list(user.id)) == []
