"""The second factor: time-based codes (RFC 6238), each good once, and recovery codes for who lost the phone."""

import base64
import hashlib
import hmac
import re
import secrets
from io import BytesIO

import msgspec
import pyotp
import segno
from pyotp.totp import TOTP

from sprintia_platform.database.connections import Connection, Database
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.sealing import ViewerKey
from sprintia_viewer.accounts.trail import changing, note, reading
from sprintia_viewer.accounts.users import User

ISSUER = "Sprintia"
STEP_SECONDS = 30
RECOVERY_CODES = 10

_DIGITS = re.compile(r"[0-9]{6}")
_RECOVERY_BYTES = 15  # 24 letters of base32: so many random bits need no slow hash
_GROUP = 6
_LONGEST_CODE = 100


class AlreadySet(AccountError):
    """The user has a second factor: it is to be removed before another one is set."""

    code = "totp_already_set"

    def __init__(self) -> None:
        super().__init__("A second factor is set already: remove it first.")


class TotpSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticator needs, shown once; it does not print.

    Attributes:
        secret: in base32, for typing.
        uri: the same as `otpauth://`.
        svg: the same as a QR code, an SVG element without script and style.
    """

    secret: str
    uri: str
    svg: str

    def __repr__(self) -> str:
        return "TotpSetup(***)"


class Totp:
    """Second factors. A secret is sealed, and opens for its user alone."""

    def __init__(self, database: Database, key: ViewerKey) -> None:
        self._database = database
        self._key = key

    async def begin(self, user: User) -> TotpSetup:
        """Make a secret, which counts once `confirm` saw a code of it. Another one that waited is gone.

        Raises:
            AlreadySet: the user has a second factor.
        """
        secret = pyotp.random_base32()
        async with changing(self._database) as connection:
            made = await connection.fetchval(
                "INSERT INTO viewer.totp (user_id, sealed) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE "
                "SET sealed = excluded.sealed, last_step = NULL, created_at = now() WHERE totp.confirmed_at IS NULL "
                "RETURNING user_id",
                user.id, self._key.seal(secret.encode(), _about(user.id)),
            )  # fmt: skip
        if made is None:
            raise AlreadySet
        return _setup(user, secret)

    async def waiting(self, user: User) -> TotpSetup | None:
        """What `begin` made and `confirm` did not see a code of yet, to be shown once more to who mistyped it."""
        async with reading(self._database) as connection:
            sealed = await connection.fetchval(
                "SELECT sealed FROM viewer.totp WHERE user_id = $1 AND confirmed_at IS NULL", user.id
            )
        return None if sealed is None else _setup(user, self._key.open(sealed, _about(user.id)).decode())

    async def confirm(self, user: User, code: str) -> list[str] | None:
        """Set the second factor that waits, by a code of it: ten recovery codes, shown once; None for a wrong code."""
        async with changing(self._database) as connection:
            if not await self._use_step(connection, user.id, code, confirmed=False):
                return None
            await connection.execute("UPDATE viewer.totp SET confirmed_at = now() WHERE user_id = $1", user.id)
            codes = await _renew_recovery_codes(connection, user.id)
            await note(connection, user.actor, "user.totp_set", user.name)
        return codes

    async def renew_recovery_codes(self, user: User) -> list[str]:
        """Ten new recovery codes, shown once; the ones before are gone. None are made where no second factor is set."""
        async with changing(self._database) as connection:
            if not await connection.fetchval(
                "SELECT confirmed_at IS NOT NULL FROM viewer.totp WHERE user_id = $1 FOR UPDATE", user.id
            ):
                return []
            codes = await _renew_recovery_codes(connection, user.id)
            await note(connection, user.actor, "user.recovery_codes", user.name)
        return codes

    async def recovery_codes_left(self, user_id: int) -> int:
        """How many recovery codes were not used yet."""
        async with reading(self._database) as connection:
            left: int = await connection.fetchval(
                "SELECT count(*) FROM viewer.recovery_code WHERE user_id = $1 AND used_at IS NULL", user_id
            )
        return left

    async def check(self, user: User, code: str) -> bool:
        """Whether this is a code of now, give or take one step, or a recovery code; each is good once.

        Six digits can be guessed: call it behind a `Throttle`, as `SignIn` does.

        Raises:
            KeyFault: the secret was sealed with a key that is not here.
        """
        async with changing(self._database) as connection:
            if await self._use_step(connection, user.id, code, confirmed=True):
                return True
            used = await connection.fetchval(
                "UPDATE viewer.recovery_code SET used_at = now() WHERE user_id = $1 AND code_hash = $2 "
                "AND used_at IS NULL RETURNING true",
                user.id, _recovery_hash(user.id, code),
            )  # fmt: skip
            if used:
                await note(connection, user.actor, "user.recovery_code_used", user.name)
            return used is True

    async def remove(self, user: User, *, by: str) -> bool:
        """Take the second factor and its recovery codes away; tells whether there was one."""
        return await remove_totp(self._database, user, by=by)

    async def _use_step(self, connection: Connection, user_id: int, code: str, *, confirmed: bool) -> bool:
        """Whether it is a code of a step after the last one that was used; that step is used from then on."""
        row = await connection.fetchrow(
            "SELECT sealed, coalesce(last_step, 0) AS last_step, "
            f"floor(extract(epoch FROM clock_timestamp()) / {STEP_SECONDS})::bigint AS step "
            "FROM viewer.totp WHERE user_id = $1 AND (confirmed_at IS NOT NULL) = $2",
            user_id, confirmed,
        )  # fmt: skip
        digits = "".join(code[:_LONGEST_CODE].split())
        if row is None or not _DIGITS.fullmatch(digits):
            return False
        totp = TOTP(self._key.open(row["sealed"], _about(user_id)).decode())
        near = range(row["step"] - 1, row["step"] + 2)
        fresh = [
            step for step in near if hmac.compare_digest(totp.generate_otp(step), digits) and step > row["last_step"]
        ]
        if not fresh:
            return False
        # Of two who come with one code at once, the second finds the step used, or another secret.
        used = await connection.fetchval(
            "UPDATE viewer.totp SET last_step = $2 WHERE user_id = $1 AND coalesce(last_step, 0) < $2 AND sealed = $3 "
            "RETURNING true",
            user_id, max(fresh), row["sealed"],
        )  # fmt: skip
        return used is True


async def remove_totp(database: Database, user: User, *, by: str) -> bool:
    """`Totp.remove`, for who lacks the key."""
    async with changing(database) as connection:
        gone = await connection.fetchval("DELETE FROM viewer.totp WHERE user_id = $1 RETURNING true", user.id)
        await connection.execute("DELETE FROM viewer.recovery_code WHERE user_id = $1", user.id)
        if gone:
            await note(connection, by, "user.totp_removed", user.name)
    return gone is True


async def _renew_recovery_codes(connection: Connection, user_id: int) -> list[str]:
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    await connection.execute("DELETE FROM viewer.recovery_code WHERE user_id = $1", user_id)
    await connection.executemany(
        "INSERT INTO viewer.recovery_code (user_id, code_hash) VALUES ($1, $2)",
        [(user_id, _recovery_hash(user_id, code)) for code in codes],
    )
    return codes


def _new_recovery_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def _recovery_hash(user_id: int, code: str) -> bytes:
    """Of the code as it was shown, however it is typed."""
    letters = re.sub(r"[\s-]", "", code[:_LONGEST_CODE]).lower()
    return hashlib.sha256(f"{user_id}:{letters}".encode("utf-8", "surrogatepass")).digest()


def _about(user_id: int) -> str:
    return f"totp of user {user_id}"


def _setup(user: User, secret: str) -> TotpSetup:
    uri = TOTP(secret).provisioning_uri(name=user.name, issuer_name=ISSUER)
    return TotpSetup(secret=secret, uri=uri, svg=_svg(uri))


def _svg(uri: str) -> str:
    picture = BytesIO()
    segno.make_qr(uri, error="m").save(
        picture, kind="svg", xmldecl=False, svgclass=None, lineclass=None, omitsize=True, light="#fff", nl=False
    )
    return picture.getvalue().decode()
