"""The texts of `ContentError`: for each code and language, what is wrong and what to do.

`{limit}` is the bound that was passed, `{key}` the name of a key that stands twice.
"""

from typing import Final, Literal

Code = Literal[
    "alias_expansion",
    "bad_escape",
    "bad_merge",
    "complex_key",
    "control_character",
    "directive",
    "duplicate_key",
    "empty",
    "indentation",
    "key_too_long",
    "lone_surrogate",
    "misplaced_colon",
    "missing_colon",
    "not_utf8",
    "nul",
    "number_not_representable",
    "number_too_long",
    "recursive_alias",
    "reserved_character",
    "several_documents",
    "syntax",
    "tab",
    "tag",
    "too_deep",
    "too_large",
    "too_many_aliases",
    "too_many_characters",
    "too_many_merges",
    "too_many_values",
    "trailing_text",
    "unclosed_bracket",
    "unclosed_quote",
    "undefined_alias",
]

AT: Final = {"en": " (line {line}, column {column})", "pt-BR": " (linha {line}, coluna {column})"}

CATALOGUE: Final[dict[Code, dict[Literal["pt-BR", "en"], tuple[str, str]]]] = {
    "alias_expansion": {
        "en": ("The aliases stand for more content than a document may hold", "Write less through aliases"),
        "pt-BR": ("Os aliases representam mais conteúdo do que um documento pode ter", "Use menos aliases"),
    },
    "bad_escape": {
        "en": ("A double-quoted text holds an unknown escape sequence", "Write a backslash as \\\\"),
        "pt-BR": (
            "Um texto entre aspas duplas tem uma sequência de escape desconhecida",
            "Escreva a barra invertida como \\\\",
        ),
    },
    "bad_merge": {
        "en": ("The merge key << takes a mapping or a list of mappings", 'Give it one, or write the key as "<<"'),
        "pt-BR": (
            "A chave de mesclagem << exige um mapeamento ou uma lista de mapeamentos",
            'Corrija o valor ou escreva a chave como "<<"',
        ),
    },
    "complex_key": {
        "en": ("A key must be a text, not a mapping or a list", "Quote the key if it begins with [ or {{"),
        "pt-BR": (
            "Uma chave precisa ser um texto, não um mapeamento ou uma lista",
            "Ponha a chave entre aspas se ela começa com [ ou {{",
        ),
    },
    "control_character": {
        "en": ("The text holds a character that cannot stand here as it is", "Remove it or write it as an escape"),
        "pt-BR": (
            "O texto tem um caractere que não pode aparecer assim neste lugar",
            "Remova-o ou escreva-o como sequência de escape",
        ),
    },
    "directive": {
        "en": ("A directive (a line that begins with %) is not supported", "Remove the line"),
        "pt-BR": ("Uma diretiva (linha que começa com %) não é aceita", "Remova a linha"),
    },
    "duplicate_key": {
        "en": ("The key '{key}' stands twice in the same mapping", "Keep one of the two"),
        "pt-BR": ("A chave '{key}' aparece duas vezes no mesmo mapeamento", "Mantenha só uma das duas"),
    },
    "empty": {
        "en": ("There is no JSON value in the text", "Send a value, for example {{}}"),
        "pt-BR": ("Não há nenhum valor JSON no texto", "Envie um valor, por exemplo {{}}"),
    },
    "indentation": {
        "en": (
            "The line does not fit the mapping or list around it",
            "Check the indentation, and the quotes before this place",
        ),
        "pt-BR": (
            "A linha não se encaixa no mapeamento ou na lista em que está",
            "Verifique o recuo e as aspas antes deste ponto",
        ),
    },
    "key_too_long": {
        "en": ("A key is longer than {limit} characters", "Shorten it"),
        "pt-BR": ("Uma chave tem mais de {limit} caracteres", "Encurte-a"),
    },
    "lone_surrogate": {
        "en": ("A Unicode escape stands for no character (half of a pair)", "Write the character itself"),
        "pt-BR": (
            "Um escape Unicode não representa nenhum caractere (metade de um par)",
            "Escreva o próprio caractere",
        ),
    },
    "misplaced_colon": {
        "en": ("A colon stands where no key can stand", "Quote a text that holds ': ', or check the indentation"),
        "pt-BR": (
            "Há dois-pontos onde não pode haver uma chave",
            "Ponha entre aspas o texto que contém ': ' ou verifique o recuo",
        ),
    },
    "missing_colon": {
        "en": ("A key has no colon after it", "Write 'key: value', or check the indentation and the quotes"),
        "pt-BR": (
            "Falta o sinal de dois-pontos depois de uma chave",
            "Escreva 'chave: valor' ou verifique o recuo e as aspas",
        ),
    },
    "not_utf8": {
        "en": ("The text is not valid UTF-8", "Save or send it in UTF-8"),
        "pt-BR": ("O texto não está em UTF-8 válido", "Salve ou envie o texto em UTF-8"),
    },
    "nul": {
        "en": ("The text holds the character NUL, which cannot be stored", "Remove it"),
        "pt-BR": ("O texto contém o caractere NUL, que não pode ser armazenado", "Remova-o"),
    },
    "number_not_representable": {
        "en": ("Infinity and NaN do not exist in JSON", "Write a number, or quote the value"),
        "pt-BR": ("Infinito e NaN não existem em JSON", "Escreva um número ou ponha o valor entre aspas"),
    },
    "number_too_long": {
        "en": ("A number is longer than {limit} characters", "Shorten it, or quote it to send it as a text"),
        "pt-BR": (
            "Um número tem mais de {limit} caracteres",
            "Encurte-o ou ponha-o entre aspas para enviá-lo como texto",
        ),
    },
    "recursive_alias": {
        "en": ("An alias stands inside the value that it repeats", "Remove the alias"),
        "pt-BR": ("Um alias está dentro do valor que ele repete", "Remova o alias"),
    },
    "reserved_character": {
        "en": ("A value cannot begin with this character", "Quote the value"),
        "pt-BR": ("Um valor não pode começar com este caractere", "Ponha o valor entre aspas"),
    },
    "several_documents": {
        "en": ("The text holds more than one document", "Send one document; remove the second '---'"),
        "pt-BR": ("O texto contém mais de um documento", "Envie um só documento; remova o segundo '---'"),
    },
    "syntax": {
        "en": ("The text cannot be read from here on", "Check this place and the line above it"),
        "pt-BR": ("O texto não pode ser lido a partir daqui", "Verifique este ponto e a linha acima dele"),
    },
    "tab": {
        "en": ("A tab stands in the indentation", "Indent with spaces"),
        "pt-BR": ("Há uma tabulação no recuo", "Use espaços no recuo"),
    },
    "tag": {
        "en": ("Tags (words that begin with !) are not allowed", "Remove the tag; quote a text that begins with !"),
        "pt-BR": (
            "Tags (palavras que começam com !) não são permitidas",
            "Remova a tag; ponha entre aspas o texto que começa com !",
        ),
    },
    "too_deep": {
        "en": ("Mappings and lists stand more than {limit} deep in one another", "Flatten the document"),
        "pt-BR": (
            "Há mapeamentos e listas com mais de {limit} níveis, um dentro do outro",
            "Reduza os níveis do documento",
        ),
    },
    "too_large": {
        "en": ("The text is larger than {limit} bytes", "Send a smaller document"),
        "pt-BR": ("O texto tem mais de {limit} bytes", "Envie um documento menor"),
    },
    "too_many_aliases": {
        "en": ("There are more than {limit} aliases", "Write less through aliases"),
        "pt-BR": ("Há mais de {limit} aliases", "Use menos aliases"),
    },
    "too_many_characters": {
        "en": ("The document holds more than {limit} characters", "Split it into several documents"),
        "pt-BR": ("O documento tem mais de {limit} caracteres", "Divida-o em vários documentos"),
    },
    "too_many_merges": {
        "en": ("More than {limit} mappings are merged with <<", "Write the keys out, or merge less"),
        "pt-BR": ("Mais de {limit} mapeamentos são mesclados com <<", "Escreva as chaves por extenso ou mescle menos"),
    },
    "too_many_values": {
        "en": ("The document holds more than {limit} values", "Split it into several documents"),
        "pt-BR": ("O documento tem mais de {limit} valores", "Divida-o em vários documentos"),
    },
    "trailing_text": {
        "en": ("There is more text after the end of the value", "Send one value and nothing after it"),
        "pt-BR": ("Há mais texto depois do fim do valor", "Envie um só valor e nada depois dele"),
    },
    "unclosed_bracket": {
        "en": ("A bracket is not closed, or a comma is missing", "Close it, or separate the items with commas"),
        "pt-BR": (
            "Um colchete ou uma chave não foi fechado, ou falta uma vírgula",
            "Feche-o ou separe os itens com vírgulas",
        ),
    },
    "unclosed_quote": {
        "en": ("A quoted text that begins here does not end", "Close the quotes"),
        "pt-BR": ("Um texto entre aspas que começa aqui não termina", "Feche as aspas"),
    },
    "undefined_alias": {
        "en": (
            "An alias (a word that begins with *) repeats nothing that stands above it",
            "Quote a text that begins with *",
        ),
        "pt-BR": (
            "Um alias (palavra que começa com *) não repete nada que esteja acima dele",
            "Ponha entre aspas o texto que começa com *",
        ),
    },
}
