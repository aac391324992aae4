"""The plugin's settings, read from `SPRINTIA_VIEWER_*`."""

import msgspec


class ViewerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the viewer."""
