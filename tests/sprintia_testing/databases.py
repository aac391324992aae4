"""Databases of tests: the platform's own, which plugins' authors use too."""

from sprintia_platform.testing.databases import TEMPLATE, TestDatabases

__all__ = ["TEMPLATE", "TestDatabases"]
