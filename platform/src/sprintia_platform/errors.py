"""What can stop the platform from starting, said in one line each, with the cure."""

from collections.abc import Sequence


class StartupError(Exception):
    """The platform cannot start.

    Attributes:
        faults: one sentence per fault: what is wrong, where, and what to do. All faults that could be found are here at
            once, so that nobody mends them one restart at a time.
    """

    def __init__(self, faults: str | Sequence[str]) -> None:
        self.faults: tuple[str, ...] = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))
