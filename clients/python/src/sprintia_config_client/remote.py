"""How another process of the platform reaches the config service: the entry point of the group `sprintia.remote`."""

from collections.abc import Mapping

from sprintia_config_client.client import ConfigClient
from sprintia_config_client.contract import ConfigReader, ConfigWriter
from sprintia_config_client.settings import ApiKey, ClientSettings, Revealing


def connect(url: str, api_key: str | Revealing | None) -> ConfigClient:
    """Make a client without a feed: what asks in the platform's own processes wants what stands at this moment.

    Each read costs one conditional request; nothing needs to be closed but connections, which end with the process.
    """
    return ConfigClient(ClientSettings(url=url, api_key=ApiKey(api_key) if api_key else None, follow=False))


CONNECTIONS: Mapping[type, object] = {ConfigReader: connect, ConfigWriter: connect}
