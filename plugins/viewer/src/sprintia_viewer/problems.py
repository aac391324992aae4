"""What can go wrong on a page."""

from sprintia_platform import ProblemType, Text

SIGN_IN_NEEDED = ProblemType(
    code="sign_in_needed",
    status=401,
    title=Text("Entre para continuar", "Sign in to go on"),
    detail=Text(
        "Esta página é para quem entrou, e sua sessão terminou ou ainda não começou. Entre e abra-a de novo.",
        "This page is for people who are signed in; your session has ended or not begun. Sign in and open it again.",
    ),
)
NOT_ALLOWED = ProblemType(
    code="not_allowed",
    status=403,
    title=Text("Seu papel não permite isto", "Your role does not allow this"),
    detail=Text(
        "Falta o direito {right}. Peça-o a quem administra os usuários.",
        "The right {right} is missing. Ask whoever administers the users for it.",
    ),
)
BOUND_TO_TENANTS = ProblemType(
    code="bound_to_tenants",
    status=403,
    title=Text("Só para quem alcança todos os tenants", "For people who reach every tenant"),
    detail=Text(
        "Usuários e chaves não são de um tenant. Você administra apenas alguns: peça a quem alcança todos.",
        "Users and keys are of no tenant. You administer some tenants only: ask somebody who reaches all of them.",
    ),
)
CROSS_SITE = ProblemType(
    code="cross_site",
    status=403,
    title=Text("Formulário de outro site", "Form of another site"),
    detail=Text(
        "Nada foi feito: o formulário não veio de uma página deste endereço. Abra a página aqui e envie de novo.",
        "Nothing was done: the form did not come from a page of this address. Open the page here and send it again.",
    ),
)
FORM_OUTDATED = ProblemType(
    code="form_outdated",
    status=403,
    title=Text("Formulário de outra sessão", "Form of another session"),
    detail=Text(
        "Nada foi feito: a página foi aberta antes de você entrar de novo. Volte, recarregue-a e envie outra vez.",
        "Nothing was done: the page was opened before you signed in again. Go back, reload it and send it once more.",
    ),
)
FORM_INVALID = ProblemType(
    code="form_invalid",
    status=422,
    title=Text("Formulário inválido", "Form not valid"),
    detail=Text(
        "Estes campos faltam ou não são aceitos: {fields}. Volte e corrija-os.",
        "These fields are missing or not accepted: {fields}. Go back and correct them.",
    ),
)
NETWORK_NOT_ALLOWED = ProblemType(
    code="viewer_network_not_allowed",
    status=403,
    title=Text("Rede não permitida", "Network not allowed"),
    detail=Text(
        "Estas páginas não se abrem a partir do endereço {address}. As redes permitidas estão em "
        "SPRINTIA_VIEWER_ALLOWED_NETWORKS.",
        "These pages do not open from the address {address}. The allowed networks stand in "
        "SPRINTIA_VIEWER_ALLOWED_NETWORKS.",
    ),
)
NOT_SECURE = ProblemType(
    code="connection_not_secure",
    status=403,
    title=Text("Conexão sem HTTPS", "Connection without HTTPS"),
    detail=Text(
        "Sem HTTPS uma senha pode ser lida no caminho, por isso só se entra por HTTPS ou nesta mesma máquina. "
        "Atrás de um proxy, aponte SPRINTIA_TRUSTED_PROXIES para ele.",
        "Without HTTPS a password can be read on its way, so that signing in takes HTTPS, or this very machine. "
        "Behind a proxy, let SPRINTIA_TRUSTED_PROXIES name it.",
    ),
)
BUSY = ProblemType(
    code="sign_in_busy",
    status=503,
    title=Text("Ocupado", "Busy"),
    detail=Text(
        "Muitas pessoas estão entrando agora. Tente de novo em {seconds} s.",
        "Many people are signing in right now. Try again in {seconds} s.",
    ),
)
CONFIG_REFUSED = ProblemType(
    code="config_refused",
    status=422,
    title=Text("Recusado", "Refused"),
    detail=Text("{reason}", "{reason}"),
)
NO_IDENTIFIER = ProblemType(
    code="identifier_invalid",
    status=422,
    title=Text("Recusado", "Refused"),
    detail=Text(
        "Ids de tenants, domínios e tipos têm de 1 a 128 caracteres: letras sem acento, dígitos, _ - . e @, sem "
        "espaços.",
        "Ids of tenants, domains and types have 1 to 128 characters: letters without accents, digits, _ - . and @, no "
        "spaces.",
    ),
)
CONFIG_NOT_FOUND = ProblemType(
    code="config_not_found",
    status=404,
    title=Text("Não encontrado", "Not found"),
    detail=Text("{reason}", "{reason}"),
)
CONFIG_GONE = ProblemType(
    code="config_gone",
    status=410,
    title=Text("Não existe mais", "No longer there"),
    detail=Text("{reason}", "{reason}"),
)
VERSION_REMOVED = ProblemType(
    code="version_removed",
    status=410,
    title=Text("Versão removida", "Version removed"),
    detail=Text(
        "Esta versão foi removida pela retenção definida por quem opera. O histórico mostra as que estão guardadas.",
        "This version was removed by the retention that the operator set. The history shows those that are kept.",
    ),
)
CONFIG_FORBIDDEN = ProblemType(
    code="config_forbidden",
    status=403,
    title=Text("Não permitido", "Not allowed"),
    detail=Text("{reason}", "{reason}"),
)
CONFIG_CONFLICT = ProblemType(
    code="config_conflict",
    status=409,
    title=Text("Conflito", "Conflict"),
    detail=Text("{reason}", "{reason}"),
)
CONFIG_UNAVAILABLE = ProblemType(
    code="config_unavailable",
    status=503,
    title=Text("Serviço indisponível", "Service unavailable"),
    detail=Text(
        "O serviço de configuração não respondeu. Nada foi alterado; tente de novo em alguns segundos.",
        "The config service did not answer. Nothing was changed; try again in a few seconds.",
    ),
)
