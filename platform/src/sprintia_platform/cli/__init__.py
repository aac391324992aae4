"""The `sprintia` command."""

from sprintia_platform.cli.main import main

__all__ = ["main"]
