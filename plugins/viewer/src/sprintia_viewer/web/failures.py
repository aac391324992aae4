"""What the config service refused, as a problem that a page can show."""

from sprintia_config_client import errors
from sprintia_platform import Fault, Problem, ProblemType, Text
from sprintia_platform.http.languages import Language
from sprintia_viewer import problems

# In this order: the first that fits.
_KINDS: tuple[tuple[type[errors.ConfigError], ProblemType], ...] = (
    (errors.Gone, problems.CONFIG_GONE),
    (errors.NotFound, problems.CONFIG_NOT_FOUND),
    (errors.Forbidden, problems.CONFIG_FORBIDDEN),
    (errors.Conflict, problems.CONFIG_CONFLICT),
    (errors.Invalid, problems.CONFIG_REFUSED),
)
_RETRY_SECONDS = "5"
_VERSION_GONE = "version_gone"
_NO_IDENTIFIER = problems.NO_IDENTIFIER.code


def problem_of(error: errors.ConfigError) -> Problem:
    """Translate a failure of the contract; what is none of the person's doing is an outage."""
    if error.code == _VERSION_GONE:  # told here: the service names the time in UTC, and another way on
        return Problem(problems.VERSION_REMOVED)
    if error.code == _NO_IDENTIFIER:
        return Problem(problems.NO_IDENTIFIER)
    for failure, kind in _KINDS:
        if isinstance(error, failure):
            return Problem(kind, errors=[fault_of(fault) for fault in error.faults], reason=error.detail)
    return Problem(problems.CONFIG_UNAVAILABLE, headers={"Retry-After": _RETRY_SECONDS})


def refusal_of(error: errors.ConfigError, language: Language) -> str:
    """Why something was refused, in the service's words; what never got there is told in the viewer's."""
    return problems.NO_IDENTIFIER.detail.show(language) if error.code == _NO_IDENTIFIER else error.detail


def fault_of(fault: errors.Fault) -> Fault:
    """A fault, told in the language in which the service was asked."""
    text = Text(fault.message, fault.message)
    return Fault(code=fault.code, text=text, pointer=fault.pointer, line=fault.line, column=fault.column)
