"""The plugin `viewer`, hook by hook."""

from sprintia_platform import hookimpl
from sprintia_viewer.settings import ViewerSettings

HOOK_API = 1
DEFAULT_PORT = 8080


@hookimpl
def register_settings() -> type[ViewerSettings]:
    return ViewerSettings
