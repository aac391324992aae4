"""Moving in from the replaced system: its PostgreSQL tables, or its folders of YAML."""

ORIGIN = "legacy"
"""The origin, in history, of what came from the replaced system."""
