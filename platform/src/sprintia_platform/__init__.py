"""The host of the Sprintia Platform. What plugin authors use is exported here."""

from sprintia_platform.hooks import HOOK_API, hookimpl
from sprintia_platform.http.error_pages import ErrorDocument, ShownFault, ShownProblem
from sprintia_platform.http.languages import Text
from sprintia_platform.http.problems import Fault, Problem, ProblemType
from sprintia_platform.keys.callers import Caller
from sprintia_platform.keys.guards import Policy, public, requires
from sprintia_platform.records import DatabaseSpec, HealthCheck, MenuEntry, Routes
from sprintia_platform.settings import Secret

__all__ = [
    "HOOK_API",
    "Caller",
    "DatabaseSpec",
    "ErrorDocument",
    "Fault",
    "HealthCheck",
    "MenuEntry",
    "Policy",
    "Problem",
    "ProblemType",
    "Routes",
    "Secret",
    "ShownFault",
    "ShownProblem",
    "Text",
    "hookimpl",
    "public",
    "requires",
]
