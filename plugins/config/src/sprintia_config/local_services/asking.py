"""One caller of this process: what it may do, and in which language it is told what it may not."""

import copy
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from sprintia_config.comparison.service import Sides
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.controllers.comparison import sides_of
from sprintia_config.documents.service import Shown, not_found
from sprintia_config.local_services.callers import HERE, person_here
from sprintia_config.local_services.failures import translated
from sprintia_config.parts import Parts
from sprintia_config.transfer.service import Transfers
from sprintia_config_client import requests
from sprintia_config_client.contract import Person
from sprintia_platform import Caller, Problem
from sprintia_platform.http.languages import Language
from sprintia_platform.http.problems import PARAMETER_INVALID

if TYPE_CHECKING:
    from sprintia_platform.host import Host

LARGEST = 2**63 - 1


class Asking:
    """Base of the parts of `LocalConfig`."""

    def __init__(self, host: "Host") -> None:
        self._database = host.database
        self._parts = Parts.of(host)
        self._transfers = Transfers.of(host)
        self._caller: Caller = HERE
        self._language: Language = "en"

    def acting(self, person: Person) -> Self:
        """Read and write for a person; see `ConfigReader.acting`.

        Raises:
            Invalid: a name, right or tenant that cannot be.
        """
        made = copy.copy(self)
        caller = person_here(self._caller, requests.check_person(person))
        vars(made).update(_caller=caller, _language=person.language or self._language)
        return made

    @asynccontextmanager
    async def _asked(self, *rights: str, tenant: str | None = None) -> AsyncIterator[None]:
        """Do what the routes' guards do; raise what the client raises.

        Raises:
            Forbidden: without one of the rights.
            NotFound: of a tenant out of reach, as if it did not exist.
        """
        async with translated(self._language):
            for right in rights:
                self._caller.require(right)
            if tenant is not None:
                self._caller.require_tenant(tenant)
            yield

    async def _shown(self, key: DocumentKey, number: int | None) -> Shown:
        if number is None:
            return await self._parts.documents.head(self._caller, key)
        if not 0 <= number <= LARGEST:
            raise not_found(key, number)
        return await self._parts.documents.version(self._caller, key, number)

    async def _sides(
        self, key: DocumentKey, source: int | None, target: int | None, against_tenant: str | None,
        against_domain: str | None,
    ) -> Sides:  # fmt: skip
        require_numbers(1, LARGEST, **{"from": source, "to": target})
        comparisons = self._parts.comparisons
        return await sides_of(comparisons, self._caller, key, source, target, against_tenant, against_domain)


def key_of(tenant: str, domain: str, config_type: str) -> DocumentKey:
    """Raises: `Invalid` for what is no identifier."""
    requests.document_path(tenant, domain, config_type)
    return DocumentKey(tenant, domain, config_type)


def require_numbers(least: int, most: int, **given: int | None) -> None:
    """Hold numbers to the bounds that the routes have.

    Raises:
        Problem: 422.
    """
    if any(number is not None and not least <= number <= most for number in given.values()):
        raise Problem(PARAMETER_INVALID, names=", ".join(given))


def require_lengths(most: int, **given: str | None) -> None:
    """The same for texts.

    Raises:
        Problem: 422.
    """
    if any(len(text or "") > most for text in given.values()):
        raise Problem(PARAMETER_INVALID, names=", ".join(given))


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as the services look them up."""
    return {name.lower(): value for name, value in headers.items()}
