"""What the services raise, as what the client raises for the same failure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from sprintia_config import problems
from sprintia_config.writing import Answer
from sprintia_config_client import errors
from sprintia_platform import Fault, Problem
from sprintia_platform.http.answers import is_outage
from sprintia_platform.http.languages import Language


@asynccontextmanager
async def translated(language: Language) -> AsyncIterator[None]:
    """Raise `ConfigError`s, with texts in this language."""
    try:
        yield
    except Problem as problem:
        raise _error_of(problem, language) from problem
    except Exception as error:
        if not is_outage(error):
            raise
        detail = f"the database did not answer ({type(error).__name__})"
        raise errors.Unavailable(detail, unreachable=True, status=503, code="database_unavailable") from error


def set_aside(answer: Answer) -> errors.ConfigError:
    """The error of a document that is kept in quarantine and not live."""
    told = msgspec.json.decode(answer.body)
    return errors.error_for(
        answer.status, told["detail"], code=problems.SCHEMA_QUARANTINED.code,
        faults=msgspec.convert(told["errors"], list[errors.Fault]), current_version=told["current_version"],
    )  # fmt: skip


def _error_of(problem: Problem, language: Language) -> errors.ConfigError:
    retry_after = problem.headers.get("Retry-After")
    return errors.error_for(
        problem.kind.status, problem.kind.detail.show(problem.language(language), **problem.values),
        code=problem.kind.code, faults=[_fault_of(fault, language) for fault in problem.errors],
        current_version=problem.extra.get("current_version"),
        retry_after=float(retry_after) if retry_after else None,
    )  # fmt: skip


def _fault_of(fault: Fault, language: Language) -> errors.Fault:
    return errors.Fault(
        code=fault.code, message=fault.text.plain(language), pointer=fault.pointer, line=fault.line,
        column=fault.column,
    )  # fmt: skip
