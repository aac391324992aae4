"""Why something did not arrive, where no service could say it: in the language of whoever made the change.

The service's own reasons come in that language, too; these stand beside them in the same column.
"""

_TEXTS = {
    "network": (
        "The connection to the service was lost.",
        "A conexão com o serviço foi perdida.",
    ),
    "refused": (
        "Nothing answers at the service's address: it is down, or the port is wrong.",
        "Nada responde no endereço do serviço: ele está parado, ou a porta está errada.",
    ),
    "name": (
        "The name of the service's host cannot be resolved.",
        "O nome do servidor do serviço não pode ser resolvido.",
    ),
    "timeout": (
        "The service did not answer in time.",
        "O serviço não respondeu a tempo.",
    ),
    "tls": (
        "The service's certificate is not accepted: {more}.",
        "O certificado do serviço não é aceito: {more}.",
    ),
    "proxy": (
        "The proxy does not let the connection through.",
        "O proxy não deixa a conexão passar.",
    ),
    "foreign": (
        "Something else than the service answers at its address (status {more}).",
        "No endereço do serviço responde outra coisa que não ele (status {more}).",
    ),
    "redirect": (
        "The address redirects to {more}, and redirects are not followed: enter the address at which the service is.",
        "O endereço redireciona para {more}, e redirecionamentos não são seguidos: informe o endereço do serviço.",
    ),
    "unexplained": (
        "The service answered {more} and gave no reason.",
        "O serviço respondeu {more} e não disse o motivo.",
    ),
    "unknown_fault": (
        "The delivery failed in an unexpected way ({more}).",
        "O envio falhou de forma inesperada ({more}).",
    ),
}


def reason(code: str, language: str, more: object = "") -> str:
    """Tell a reason in Portuguese to those who read it, else in English.

    Args:
        code: `network`, `refused`, `name`, `timeout`, `tls`, `proxy`, `foreign`, `redirect`, `unexplained` or
            `unknown_fault`.
        language: as of `Accept-Language` or Odoo: `pt-BR`, `pt_BR`, `en_US`, `""`.
        more: what the text has a place for.
    """
    english, portuguese = _TEXTS[code]
    chosen = portuguese if language.lower().startswith("pt") else english
    return chosen.format(more=more)
