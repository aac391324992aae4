"""What can go wrong with accounts. No message holds a password, a token or a code."""


class AccountError(Exception):
    """Base of what a person can mend. `code` is for programs; the text is an English message id without places."""

    code = "account"


class NoSuchUser(AccountError):
    """Nobody has this id or name."""

    code = "no_such_user"

    def __init__(self) -> None:
        super().__init__("There is no such user.")


class NameTaken(AccountError):
    """Somebody has this name already."""

    code = "name_taken"

    def __init__(self) -> None:
        super().__init__("Somebody has this name already.")


class FieldRefused(AccountError):
    """A value that no user may have; `field` names it."""

    code = "field_refused"

    def __init__(self, field: str, text: str) -> None:
        self.field = field
        super().__init__(text)


class LastAdmin(AccountError):
    """Nobody would be left to administer the users."""

    code = "last_admin"

    def __init__(self) -> None:
        super().__init__("This is the last admin who reaches every tenant: make another one first.")


class Busy(Exception):
    """Too many passwords wait to be checked: answered with 503 and `Retry-After: retry_after` (seconds)."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("too many passwords are being checked")


class KeyFault(Exception):
    """The viewer's key cannot be used, or what it sealed does not open: for the operator."""
