"""The second factor: each code once, sealed, and never a way around the password."""

import asyncio
import base64
import stat
import threading
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pyotp
import pytest
from sprintia_testing.accounts import PASSWORD, Accounts
from sprintia_testing.platforms import wait_until

from sprintia_platform import Secret
from sprintia_platform.errors import StartupError
from sprintia_viewer.accounts.errors import KeyFault
from sprintia_viewer.accounts.sealing import ViewerKey
from sprintia_viewer.accounts.signing_in import Refused, SignedIn
from sprintia_viewer.accounts.throttle import RULES
from sprintia_viewer.accounts.totp import AlreadySet
from sprintia_viewer.accounts.users import User


def with_totp(accounts: Accounts) -> tuple[User, pyotp.TOTP, list[str]]:
    """A user with a second factor. The code that set it may be used once more, as if it were of the step before."""
    user = accounts.user()
    setup = accounts.do(accounts.totp.begin(user))
    totp = pyotp.TOTP(setup.secret)
    codes = accounts.do(accounts.totp.confirm(user, totp.now()))
    assert codes
    accounts.sql("UPDATE viewer.totp SET last_step = last_step - 1 WHERE user_id = $1", user.id)
    found = accounts.do(accounts.users.find(user.id))
    assert found
    return found, totp, codes


def test_a_second_factor_counts_once_it_was_confirmed(accounts: Accounts) -> None:
    user = accounts.user()
    setup = accounts.do(accounts.totp.begin(user))
    assert setup.uri.startswith(f"otpauth://totp/Sprintia:{user.name}?secret={setup.secret}")
    assert setup.secret not in repr(setup)
    svg = ET.fromstring(setup.svg)  # noqa: S314 - our own
    assert svg.tag.endswith("svg")
    assert not [name for element in svg.iter() for name in element.attrib if name in {"style", "onload"}]
    assert isinstance(accounts.attempt(user.name), SignedIn)
    assert accounts.do(accounts.totp.confirm(user, "000000")) is None
    assert not accounts.do(accounts.totp.check(user, pyotp.TOTP(setup.secret).now()))
    again = accounts.do(accounts.totp.begin(user))  # the one that waited is gone
    assert accounts.do(accounts.totp.confirm(user, pyotp.TOTP(setup.secret).now())) is None
    code = pyotp.TOTP(again.secret).now()
    codes = accounts.do(accounts.totp.confirm(user, f" {code[:3]} {code[3:]}"))
    assert codes is not None
    assert len(set(codes)) == 10
    with pytest.raises(AlreadySet):
        accounts.do(accounts.totp.begin(user))
    assert accounts.do(accounts.users.find(user.id)).has_totp
    assert accounts.attempt(user.name) == Refused(kind="code_needed")


def test_a_code_is_good_once(accounts: Accounts) -> None:
    user, totp, _ = with_totp(accounts)
    code = totp.now()
    results = accounts.together(*(accounts.totp.check(user, code) for _ in range(8)))
    assert results.count(True) == 1
    assert not accounts.do(accounts.totp.check(user, totp.at(int(time.time()) - 30)))  # nor the one before it
    assert accounts.do(accounts.totp.check(user, totp.at(int(time.time()) + 30)))


def test_of_two_who_come_with_one_code_at_the_same_moment_one_gets_in(accounts: Accounts) -> None:
    user, totp, _ = with_totp(accounts)
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE viewer.totp%'"
    )

    async def race() -> list[bool]:
        async with accounts.database.transaction("viewer") as connection:
            await connection.execute("SELECT FROM viewer.totp WHERE user_id = $1 FOR UPDATE", user.id)
            tries = [asyncio.ensure_future(accounts.totp.check(user, totp.now())) for _ in range(2)]
            # Both have read that the step is not used.
            await asyncio.to_thread(wait_until, lambda: accounts.sql(waiting) == [{"count": 2}])
        return await asyncio.gather(*tries)

    assert sorted(accounts.do(race())) == [False, True]


def test_a_disabled_user_is_not_told_about_the_second_factor(accounts: Accounts) -> None:
    user, _, _ = with_totp(accounts)
    accounts.do(accounts.users.change(user.id, disabled=True, by="test"))
    assert accounts.attempt(user.name) == Refused(kind="wrong")


@pytest.mark.parametrize("steps", [-3, -2, 2, 3, 1000])
def test_a_code_of_another_time_is_refused(accounts: Accounts, steps: int) -> None:
    user, totp, _ = with_totp(accounts)
    accounts.sql("UPDATE viewer.totp SET last_step = NULL WHERE user_id = $1", user.id)
    # Away from the border between two steps by itself: of two steps off, one may come near.
    off = steps + (1 if steps > 0 else -1)
    assert not accounts.do(accounts.totp.check(user, totp.at(int(time.time()) + 30 * off)))


@pytest.mark.parametrize(
    "code",
    [
        "",
        " ",
        "12345",
        "1234567",
        "abcdef",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "٠١٢٣٤٥",
        "\0",
        "\ud800",
        "-" * 10**5,
    ],
)
def test_what_is_no_code_is_refused(accounts: Accounts, code: str) -> None:
    user, _, _ = with_totp(accounts)
    assert not accounts.do(accounts.totp.check(user, code))


def test_a_recovery_code_is_good_once_however_it_is_typed(accounts: Accounts) -> None:
    user, _, codes = with_totp(accounts)
    stranger, _, others = with_totp(accounts)
    assert not accounts.do(accounts.totp.check(user, others[0]))
    typed = codes[0].upper().replace("-", " ")
    results = accounts.together(*(accounts.totp.check(user, typed) for _ in range(5)))
    assert results.count(True) == 1
    assert accounts.do(accounts.totp.recovery_codes_left(user.id)) == 9
    assert isinstance(accounts.attempt(user.name, code=codes[1]), SignedIn)
    assert accounts.events(user.name).count((user.actor, "user.recovery_code_used")) == 2
    renewed = accounts.do(accounts.totp.renew_recovery_codes(user))
    assert not accounts.do(accounts.totp.check(user, codes[2]))
    assert accounts.do(accounts.totp.check(user, renewed[2]))
    assert accounts.do(accounts.totp.check(stranger, others[0]))
    assert accounts.do(accounts.totp.renew_recovery_codes(accounts.user())) == []
    rows = accounts.sql("SELECT c::text AS text FROM viewer.recovery_code c")
    assert not any(code in row["text"] or code.replace("-", "") in row["text"] for row in rows for code in codes)
    assert not any(code in str(accounts.sql("SELECT detail FROM platform.audit_event")) for code in codes)


def test_the_code_is_asked_for_after_the_right_password_alone_and_guesses_are_counted(fresh: Accounts) -> None:
    user, totp, _ = with_totp(fresh)
    assert fresh.attempt(user.name, "wrong", totp.now()).kind == "wrong"
    assert fresh.attempt(user.name, "wrong").kind == "wrong"
    for _ in range(10):  # asking for the code is no guess
        assert fresh.attempt(user.name) == Refused(kind="code_needed")
    assert fresh.sql("SELECT failures FROM viewer.attempt WHERE kind = 'account'") == [{"failures": 2}]
    results = fresh.together(*(fresh.attempting(user.name, PASSWORD, f"{number:06}") for number in range(15)))
    kinds = [result.kind if isinstance(result, Refused) else "?" for result in results]
    assert kinds.count("code_wrong") == RULES["account"].free - 2
    assert kinds.count("throttled") == 15 - (RULES["account"].free - 2)
    fresh.sql("UPDATE viewer.attempt SET free_at = 'epoch'")
    assert isinstance(fresh.attempt(user.name, code=totp.now()), SignedIn)


def test_confirming_a_session_takes_the_second_factor_too(accounts: Accounts) -> None:
    user, totp, _ = with_totp(accounts)
    token = accounts.opened(user)
    session = accounts.found(token)

    def confirm(code: str):
        return accounts.do(accounts.sign_in.confirm(session, token, PASSWORD, code, address="127.0.0.1"))

    assert confirm("") == Refused(kind="code_needed")
    assert confirm("000000") == Refused(kind="code_wrong")
    assert isinstance(confirm(totp.now()), SignedIn)


def test_removing_it_takes_the_recovery_codes_away(accounts: Accounts) -> None:
    user, _, codes = with_totp(accounts)
    assert accounts.do(accounts.totp.remove(user, by="user:root"))
    assert not accounts.do(accounts.totp.remove(user, by="user:root"))
    assert not accounts.do(accounts.totp.check(user, codes[0]))
    assert isinstance(accounts.attempt(user.name), SignedIn)
    assert accounts.events(user.name).count(("user:root", "user.totp_removed")) == 1


def test_a_secret_opens_for_its_user_and_with_its_key_alone(accounts: Accounts) -> None:
    user, totp, _ = with_totp(accounts)
    other, _, _ = with_totp(accounts)
    (row,) = accounts.sql("SELECT sealed FROM viewer.totp WHERE user_id = $1", user.id)
    assert totp.secret.encode() not in row["sealed"]
    accounts.sql("UPDATE viewer.totp SET sealed = $2 WHERE user_id = $1", other.id, row["sealed"])
    with pytest.raises(KeyFault):
        accounts.do(accounts.totp.check(other, totp.now()))
    with pytest.raises(KeyFault):
        ViewerKey(bytes(32)).open(row["sealed"], f"totp of user {user.id}")
    for changed in (b"", b"\1", b"\2" + row["sealed"][1:], row["sealed"][:-1], row["sealed"][:-1] + b"\0\0"):
        with pytest.raises(KeyFault):
            accounts.key.open(changed, f"totp of user {user.id}")


def test_the_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    made: list[ViewerKey] = []
    threads = [threading.Thread(target=lambda: made.append(ViewerKey.of(None, folder))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({key.fingerprint("same") for key in made}) == 1
    assert [path.name for path in folder.iterdir()] == ["viewer.key"]
    assert stat.S_IMODE((folder / "viewer.key").stat().st_mode) == 0o600
    given = Secret((folder / "viewer.key").read_text())
    assert ViewerKey.of(given, tmp_path).fingerprint("same") == made[0].fingerprint("same")


@pytest.mark.parametrize(
    "content", [b"", b"no key", b"\xff\xfe", base64.b64encode(bytes(31)), base64.b64encode(bytes(33))]
)
def test_what_is_no_key_stops_the_start(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "viewer.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StartupError) as stopped:
        ViewerKey.of(None, tmp_path)
    assert str(path) in str(stopped.value)
    with pytest.raises(StartupError) as stopped:
        ViewerKey.of(Secret(content.decode(errors="replace")), tmp_path)
    assert "SPRINTIA_VIEWER_KEY" in str(stopped.value)
    path.write_bytes(base64.b64encode(bytes(32)))
    path.chmod(0o640)
    with pytest.raises(StartupError, match="chmod 600"):
        ViewerKey.of(None, tmp_path)
