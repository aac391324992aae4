"""What the tests of plugins share: a real PostgreSQL, fresh databases, running platforms.

Nothing here needs pytest; the fixtures of the same things are in `sprintia_platform.testing.fixtures`:

    # tests/conftest.py
    pytest_plugins = ["sprintia_platform.testing.fixtures"]
"""

from sprintia_platform.testing.databases import TestDatabases
from sprintia_platform.testing.platforms import API_KEY, RunningPlatform, free_port, wait_until

__all__ = ["API_KEY", "RunningPlatform", "TestDatabases", "free_port", "wait_until"]
