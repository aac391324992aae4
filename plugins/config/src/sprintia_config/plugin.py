"""The plugin `config`, hook by hook."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import click
from litestar import Router
from litestar.di import Provide

from sprintia_config import commands
from sprintia_config.admission import WriteQueue
from sprintia_config.controllers import administration, company_services, documents, mapping, webhook
from sprintia_config.controllers.intake import provide_document_key
from sprintia_config.documents.service import Documents
from sprintia_config.models import SCHEMA, ConfigBase
from sprintia_config.secrecy.errors import MasterKeyError
from sprintia_config.secrecy.master_keys import MasterKeyRing
from sprintia_config.settings import ConfigSettings
from sprintia_config.vault import Vault
from sprintia_config.writing import Writer
from sprintia_platform import DatabaseSpec, HealthCheck, Routes, hookimpl
from sprintia_platform.errors import StartupError

if TYPE_CHECKING:
    from sprintia_platform.host import Host

HOOK_API = 1
DEFAULT_PORT = 8002
PREFIXES = ("/configs", "/config", "/mapping", "/odoo-webhook", "/company-services")


@hookimpl
def register_settings() -> type[ConfigSettings]:
    return ConfigSettings


@hookimpl
def register_database() -> DatabaseSpec:
    return DatabaseSpec(metadata=ConfigBase.metadata, migrations="sprintia_config:migrations", grants="explicit")


@hookimpl
def register_routes(host: "Host") -> Routes:
    handlers = [
        *documents.HANDLERS, *mapping.HANDLERS, webhook.receive, *company_services.HANDLERS, *administration.HANDLERS,
    ]  # fmt: skip
    return Routes(
        prefixes=PREFIXES, handlers=[Router(path="/", route_handlers=handlers, dependencies=_dependencies(host))]
    )


@hookimpl
def register_health_checks(host: "Host") -> Iterable[HealthCheck]:
    async def master_keys() -> None:
        await require_master_keys(host, open_vault(host))

    return [HealthCheck(name="master_keys", check=master_keys)]


@hookimpl
def register_commands(cli: click.Group, host: "Host") -> None:
    commands.register(cli, host)


@hookimpl
def lifespan(host: "Host") -> AbstractAsyncContextManager[None]:
    """Refuse to start without the master keys that stored data keys need: the first read of a secret would be late."""

    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        await require_master_keys(host, open_vault(host))
        yield

    return run()


def open_vault(host: "Host") -> Vault:
    """Read the master key ring: of the setting, else of the file, which the first start makes.

    Raises:
        StartupError: it cannot be read.
    """
    settings = host.settings_of(SCHEMA, ConfigSettings)
    try:
        if settings.master_keys is not None:
            return Vault(MasterKeyRing.parse(settings.master_keys.reveal()))
        path = settings.master_key_file or host.settings.data_dir / "master.keys"
        return Vault(MasterKeyRing.load_or_create(path), path)
    except MasterKeyError as error:
        raise StartupError(str(error)) from None


async def require_master_keys(host: "Host", vault: Vault) -> None:
    """Check that every master key that wraps a data key is in the ring.

    Raises:
        StartupError: naming the ids that are missing.
    """
    async with host.database.transaction(SCHEMA, "*", read_only=True) as connection:
        rows = await connection.fetch("SELECT DISTINCT master_key_id FROM config.tenant_key")
    missing = sorted({row["master_key_id"] for row in rows} - set(vault.ring.key_ids))
    if missing:
        raise StartupError(
            f"the master key ring lacks {', '.join(missing)}, and stored secrets need it: "
            "restore the key file, or add the key to SPRINTIA_CONFIG_MASTER_KEYS"
        )


def _dependencies(host: "Host") -> dict[str, Any]:
    settings = host.settings_of(SCHEMA, ConfigSettings)
    made: dict[str, Any] = {"config_settings": settings}

    # Made at the first request, not at import: `sprintia plugins` must not create a key file.
    def vault() -> Vault:
        if "vault" not in made:
            made["vault"] = open_vault(host)
        return made["vault"]  # type: ignore[no-any-return]

    def writer() -> Writer:
        if "writer" not in made:
            queue = WriteQueue(settings.writes_at_once, settings.writes_waiting, settings.writes_waiting_per_tenant)
            made["writer"] = Writer(host.database, vault(), queue)
        return made["writer"]  # type: ignore[no-any-return]

    def documents_service() -> Documents:
        return Documents(host.database, vault())

    def config_settings() -> ConfigSettings:
        return settings

    provided = {
        "vault": vault, "writer": writer, "documents": documents_service, "config_settings": config_settings,
    }  # fmt: skip
    return {name: Provide(function, sync_to_thread=False) for name, function in provided.items()} | {
        "key": Provide(provide_document_key)
    }
