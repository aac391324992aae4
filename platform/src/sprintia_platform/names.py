"""Which names a plugin may have. One name is stated once, and becomes schema, role, settings, tag and command."""

import re

from sprintia_platform.settings import host_variable_names

LONGEST = 31

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# `platform` is the host's own plugin; the role of a plugin named `plugin` would be the one that all plugins share.
_OWN = frozenset({"platform", "plugin"})
_COMMANDS = frozenset({"serve", "plugins", "db", "keys"})
_PATHS = frozenset({"health", "metrics", "plugins", "schema", "keys", "audit"})
_VARIABLES = frozenset({*host_variable_names(), "SPRINTIA_WORKER_SOCKET"})
_SCHEMAS = frozenset({"public", "information_schema"})
# PostgreSQL's reserved words: `CREATE SCHEMA order` is a syntax error, and so is every query of a plugin's author.
_SQL_WORDS = frozenset({
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both",
    "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
    "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
    "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch",
    "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner",
    "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime",
    "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps",
    "placing", "primary", "references", "returning", "right", "select", "session_user", "similar", "some",
    "symmetric", "system_user", "table", "tablesample", "then", "to", "trailing", "true", "union", "unique", "user",
    "using", "variadic", "verbose", "when", "where", "window", "with",
})  # fmt: skip


def fault_of_name(name: str) -> str | None:
    """Say why a plugin cannot have this name; None when it can."""
    if len(name) > LONGEST or not _NAME.fullmatch(name):
        return f"write lower-case letters and digits, words joined by _, at most {LONGEST} in all"
    if name in _OWN | _COMMANDS | _PATHS:
        return "the host itself uses it"
    if name in _SCHEMAS or name.startswith("pg_"):
        return "PostgreSQL keeps it for itself"
    if name in _SQL_WORDS:
        return "it is a reserved word of SQL, and it would be the name of the schema"
    prefix = f"SPRINTIA_{name.upper()}_"
    taken = sorted(variable for variable in _VARIABLES if variable.startswith(prefix))
    return f"the host's own setting {taken[0]} would belong to the plugin" if taken else None
