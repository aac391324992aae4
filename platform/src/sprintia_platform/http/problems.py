"""Errors as `application/problem+json` (RFC 9457), in Portuguese and English.

A `ProblemType` is declared once, beside the code that raises it, and raised as `Problem(TYPE, name=value)`. The members
`type`, `title`, `status`, `detail`, `instance` and `request_id` are always there; `errors` lists single faults.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from litestar.types import HTTPScope

from sprintia_platform.http.languages import Language, Text

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """One kind of error.

    Attributes:
        code: stable name, the end of the `type` URN; programs compare it, people read `detail`.
        status: the HTTP status.
        title: what kind of error this is.
        detail: what is wrong here and what to do, with `{places}`.
        wire: true where existing callers rely on the Portuguese `detail`: it is then never translated.
        command: what a person at the command line reads instead, where `detail` speaks of requests; in English, with
            the same `{places}`.
    """

    code: str
    status: int
    title: Text
    detail: Text
    wire: bool = False
    command: str | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault of several: `pointer` (RFC 6901) or `line` and `column` (from 1) say where."""

    code: str
    text: Text
    pointer: str | None = None
    line: int | None = None
    column: int | None = None

    def show(self, language: Language) -> dict[str, Any]:
        place = {"pointer": self.pointer, "line": self.line, "column": self.column}
        return {"code": self.code, "message": self.text.plain(language)} | {
            name: value for name, value in place.items() if value is not None
        }


class Problem(Exception):
    """An error that the caller gets as problem+json.

    Args:
        kind: what went wrong.
        headers: response headers that belong to it (`Retry-After`, `WWW-Authenticate`, ...).
        errors: single faults, each with its place.
        extra: further members of the answer, for programs.
        values: what fills the places of the detail. Never a secret: they are shown to the caller.
    """

    def __init__(
        self,
        kind: ProblemType,
        /,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Fault] = (),
        extra: Mapping[str, Any] | None = None,
        **values: object,
    ) -> None:
        self.kind, self.errors, self.values = kind, tuple(errors), values
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        super().__init__(kind.code)

    @property
    def told_at_command(self) -> str:
        """What is wrong and what to do, for a person at the command line."""
        if self.kind.command is None:
            return self.kind.detail.show("en", **self.values)
        return self.kind.command.format(**self.values)

    def language(self, preferred: Language) -> Language:
        """The language of the detail."""
        return "pt-BR" if self.kind.wire else preferred

    def body(self, language: Language, *, instance: str, request_id: str) -> bytes:
        """Render the answer's body."""
        members: dict[str, Any] = {
            "type": f"urn:sprintia:problem:{self.kind.code}",
            "title": self.kind.title.show(language),
            "status": self.kind.status,
            "detail": self.kind.detail.show(self.language(language), **self.values),
            "instance": instance,
            "request_id": request_id,
        }
        if self.errors:
            members["errors"] = [fault.show(language) for fault in self.errors]
        return msgspec.json.encode(members | self.extra)


def instance_of(scope: HTTPScope) -> str:
    """The path as it was asked for: a URI reference, as RFC 9457 wants `instance` to be."""
    return quote(scope.get("raw_path") or scope["path"], safe="/%:@!$&'()*+,;=~")


UNAUTHORIZED = ProblemType(
    code="unauthorized",
    status=401,
    title=Text("Não autenticado", "Not authenticated"),
    detail=Text("Chave de API inválida ou não fornecida", "API key invalid or not given"),
    wire=True,
)
FORBIDDEN = ProblemType(
    code="forbidden",
    status=403,
    title=Text("Direito insuficiente", "Right missing"),
    detail=Text(
        "Esta chave não tem o direito {right}. Peça uma chave com ele a quem administra a plataforma.",
        "This key lacks the right {right}. Ask whoever runs the platform for a key that has it.",
    ),
)
NETWORK_REFUSED = ProblemType(
    code="network_refused",
    status=403,
    title=Text("Rede não permitida", "Network not allowed"),
    detail=Text(
        "Esta chave não vale a partir do endereço {address}. Use-a de uma rede permitida ou ajuste a chave.",
        "This key is not valid from the address {address}. Use it from an allowed network, or change the key.",
    ),
)
NOT_FOUND = ProblemType(
    code="not_found",
    status=404,
    title=Text("Não encontrado", "Not found"),
    detail=Text(
        "Não há nada em {path}. Confira o caminho em /schema.",
        "There is nothing at {path}. Check the path at /schema.",
    ),
)
TENANT_NOT_FOUND = ProblemType(
    code="tenant_not_found",
    status=404,
    title=Text("Tenant não encontrado", "Tenant not found"),
    detail=Text(
        "O tenant {tenant} não existe, ou esta chave não o alcança.",
        "The tenant {tenant} does not exist, or this key does not reach it.",
    ),
    command="there is no tenant {tenant}: check how it is spelt",
)
METHOD_NOT_ALLOWED = ProblemType(
    code="method_not_allowed",
    status=405,
    title=Text("Método não permitido", "Method not allowed"),
    detail=Text(
        "{method} não é aceito em {path}. Veja os métodos aceitos no cabeçalho Allow.",
        "{method} is not accepted at {path}. The header Allow names the accepted ones.",
    ),
)
BODY_TIMEOUT = ProblemType(
    code="body_timeout",
    status=408,
    title=Text("O corpo demorou demais", "The body took too long"),
    detail=Text(
        "O corpo da requisição não chegou em {seconds} s. Envie de novo.",
        "The request's body did not arrive within {seconds} s. Send it again.",
    ),
)
BODY_TOO_LARGE = ProblemType(
    code="body_too_large",
    status=413,
    title=Text("Corpo grande demais", "Body too large"),
    detail=Text(
        "O corpo passa do limite de {limit} bytes. Divida o conteúdo.",
        "The body is over the limit of {limit} bytes. Split the content.",
    ),
)
URI_TOO_LONG = ProblemType(
    code="uri_too_long",
    status=414,
    title=Text("Endereço longo demais", "Address too long"),
    detail=Text("O endereço passa de {limit} bytes.", "The address is over {limit} bytes."),
)
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    code="unsupported_media_type",
    status=415,
    title=Text("Tipo de conteúdo não aceito", "Content type not accepted"),
    detail=Text(
        "Content-Type {given} não é aceito aqui. Envie {expected}.",
        "Content-Type {given} is not accepted here. Send {expected}.",
    ),
)
BODY_INVALID = ProblemType(
    code="body_invalid",
    status=422,
    title=Text("Corpo inválido", "Body invalid"),
    detail=Text(
        "O corpo tem falhas ({count}). Corrija o que `errors` aponta e envie de novo.",
        "The body has faults ({count}). Correct what `errors` points at and send it again.",
    ),
)
PARAMETER_INVALID = ProblemType(
    code="parameter_invalid",
    status=422,
    title=Text("Parâmetro inválido", "Parameter invalid"),
    detail=Text(
        "Há parâmetro(s) inválido(s): {names}. Corrija e envie de novo.",
        "Parameter(s) not valid: {names}. Correct and send again.",
    ),
)
JSON_INVALID = ProblemType(
    code="json_invalid",
    status=400,
    title=Text("JSON inválido", "Invalid JSON"),
    detail=Text("JSON inválido: {reason}", "Invalid JSON: {reason}"),
)
REQUEST_REFUSED = ProblemType(
    code="request_refused",
    status=400,
    title=Text("Requisição recusada", "Request refused"),
    detail=Text("A requisição não pôde ser lida. Confira-a.", "The request could not be read. Check it."),
)
OVERLOADED = ProblemType(
    code="overloaded",
    status=503,
    title=Text("Ocupado", "Busy"),
    detail=Text(
        "Há gravações demais à espera. Nada foi gravado; tente de novo em {seconds} s.",
        "Too many writes are waiting. Nothing was written; try again in {seconds} s.",
    ),
)
DATABASE_UNAVAILABLE = ProblemType(
    code="database_unavailable",
    status=503,
    title=Text("Banco de dados indisponível", "Database unavailable"),
    detail=Text(
        "O banco de dados não respondeu. Se era uma gravação, repita-a em {seconds} s com o mesmo id de entrega.",
        "The database did not answer. If this was a write, repeat it in {seconds} s with the same delivery id.",
    ),
)
PLUGIN_UNAVAILABLE = ProblemType(
    code="plugin_unavailable",
    status=503,
    title=Text("Plugin fora de serviço", "Plugin out of service"),
    detail=Text(
        "O plugin {plugin} não iniciou. A causa está em /health/ready e nos logs.",
        "The plugin {plugin} did not start. /health/ready and the logs tell why.",
    ),
)
INTERNAL = ProblemType(
    code="internal",
    status=500,
    title=Text("Erro interno", "Internal error"),
    detail=Text(
        "Ocorreu um erro inesperado. Informe o request_id a quem administra a plataforma.",
        "Something unexpected went wrong. Give the request_id to whoever runs the platform.",
    ),
)

RETRY_AFTER_SECONDS = 2


def unavailable(kind: ProblemType = DATABASE_UNAVAILABLE, seconds: int = RETRY_AFTER_SECONDS) -> Problem:
    """Make a 503 that tells when to come back."""
    return Problem(kind, headers={"Retry-After": str(seconds)}, seconds=seconds)
