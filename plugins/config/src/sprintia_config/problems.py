"""The errors of the config plugin. `wire` ones keep the Portuguese texts that existing callers know."""

from sprintia_platform import ProblemType, Text

DOCUMENT_NOT_FOUND = ProblemType(
    code="document_not_found",
    status=404,
    title=Text("Configuração não encontrada", "Configuration not found"),
    detail=Text(
        "Configuração não encontrada para tenant_id={tenant}, domain={domain}, config_type={config_type}{version}",
        "There is no configuration for tenant_id={tenant}, domain={domain}, config_type={config_type}{version}",
    ),
    wire=True,
    command="there is no document {tenant} {domain} {config_type}{version}: see `sprintia config list {tenant}`",
)
METADATA_NOT_FOUND = ProblemType(
    code="metadata_not_found",
    status=404,
    title=Text("Metadados não encontrados", "Metadata not found"),
    detail=Text(
        "Metadados da empresa não encontrados para tenant_id={tenant}", "There is no company metadata for {tenant}"
    ),
    wire=True,
)
YAML_INVALID = ProblemType(
    code="yaml_invalid",
    status=400,
    title=Text("YAML inválido", "Invalid YAML"),
    detail=Text("YAML inválido: {reason}", "Invalid YAML: {reason}"),
    wire=True,
)
PATCH_INVALID = ProblemType(
    code="patch_invalid",
    status=422,
    title=Text("Resultado da mesclagem recusado", "Merged document refused"),
    detail=Text(
        "O documento mesclado não pode ser guardado: {reason_pt}", "The merged document cannot be kept: {reason_en}"
    ),
)
IDENTIFIER_INVALID = ProblemType(
    code="identifier_invalid",
    status=422,
    title=Text("Identificador inválido", "Identifier invalid"),
    detail=Text(
        "{name} deve ter de 1 a 128 caracteres entre letras, dígitos, _ - . e @, e não pode ser . nem ..",
        "{name} must be 1 to 128 characters of letters, digits, _ - . and @, and neither . nor ..",
    ),
)
VERSION_NOT_FOUND = ProblemType(
    code="version_not_found",
    status=404,
    title=Text("Versão não encontrada", "Version not found"),
    detail=Text(
        "A versão {version} não existe ou é uma exclusão; escolha outra em /history.",
        "Version {version} does not exist or is a deletion; choose another one from /history.",
    ),
    command="version {version} does not exist or is a deletion: choose another one from `sprintia config history`",
)
PRECONDITION_FAILED = ProblemType(
    code="precondition_failed",
    status=412,
    title=Text("O documento mudou", "The document has changed"),
    detail=Text(
        "A condição da requisição não vale mais: a versão atual é {current}. Leia-a e repita a gravação sobre ela.",
        "The request's condition no longer holds: the current version is {current}. Read it and write on top of it.",
    ),
    command="not written, because the current version is {current}: read it with `sprintia config get`, put your "
    "change on top of it, and set that",
)
DELIVERY_REUSED = ProblemType(
    code="delivery_reused",
    status=409,
    title=Text("Identificador de entrega reutilizado", "Delivery identifier used again"),
    detail=Text(
        "Este identificador de entrega já foi usado com outro conteúdo. Use um novo para cada conteúdo.",
        "This delivery identifier was used before with another content. Use a new one for each content.",
    ),
)
DELIVERY_REPLAYED = ProblemType(
    code="delivery_replayed",
    status=409,
    title=Text("Entrega já reaplicada", "Delivery replayed already"),
    detail=Text(
        "Esta entrega já foi reaplicada, e aceita: veja-a entre as entregas mais novas do tenant.",
        "This delivery was replayed and taken before: see it among the tenant's newer deliveries.",
    ),
)
DELIVERY_BODY_GONE = ProblemType(
    code="delivery_body_gone",
    status=409,
    title=Text("Conteúdo da entrega não guardado", "Body of the delivery not kept"),
    detail=Text(
        "A entrega {delivery} não pode ser reaplicada, porque seu conteúdo não existe mais: só o das postas em "
        "quarentena e o das {newest} recusadas mais novas é guardado, até que os segredos do tenant sejam apagados. "
        "Peça a quem a enviou que a envie de novo.",
        "Delivery {delivery} cannot be replayed, because its body is not there: that of those in quarantine and of the "
        "{newest} newest refused ones is kept, until the tenant's secrets are erased. Ask its sender to send it again.",
    ),
)
DELIVERY_ROUTE_UNKNOWN = ProblemType(
    code="delivery_route_unknown",
    status=409,
    title=Text("Entrega de uma rota desconhecida", "Delivery of an unknown route"),
    detail=Text(
        "A entrega veio por {route}, que esta versão não sabe reaplicar.",
        "The delivery came by {route}, which this release cannot replay.",
    ),
)
DELIVERY_NOT_FOUND = ProblemType(
    code="delivery_not_found",
    status=404,
    title=Text("Entrega não encontrada", "Delivery not found"),
    detail=Text(
        "O tenant {tenant} não tem a entrega {delivery}; veja as que tem em /config/deliveries.",
        "The tenant {tenant} has no delivery {delivery}; see those that it has at /config/deliveries.",
    ),
)
DELIVERY_ID_INVALID = ProblemType(
    code="delivery_id_invalid",
    status=400,
    title=Text("Identificador de entrega inválido", "Delivery identifier invalid"),
    detail=Text(
        "{header} deve ter de 1 a 255 caracteres visíveis, e ser único entre os cabeçalhos.",
        "{header} must be 1 to 255 visible characters, and stand once in the headers.",
    ),
)
DELIVERY_ID_NOT_TAKEN = ProblemType(
    code="delivery_id_not_taken",
    status=422,
    title=Text("Identificador de entrega não aceito", "Delivery identifier not taken"),
    detail=Text(
        "Esta rota não guarda suas respostas: envie sem webhook-id e sem Idempotency-Key. "
        "Com history=full, repetir uma importação não grava nada.",
        "This route keeps no answers: send it without webhook-id and Idempotency-Key. "
        "With history=full, repeating an import writes nothing.",
    ),
)
SEQUENCE_INVALID = ProblemType(
    code="sequence_invalid",
    status=400,
    title=Text("Número de sequência inválido", "Sequence number invalid"),
    detail=Text(
        "{header} deve ser um número inteiro de 0 a 9223372036854775807.",
        "{header} must be a whole number from 0 to 9223372036854775807.",
    ),
)
EVENT_UNKNOWN = ProblemType(
    code="event_unknown",
    status=400,
    title=Text("Evento desconhecido", "Unknown event"),
    detail=Text(
        "Tipo de evento não suportado ou não identificado", "The type of event is not supported or could not be told"
    ),
    wire=True,
)
DATA_INCOMPLETE = ProblemType(
    code="data_incomplete",
    status=400,
    title=Text("Dados incompletos", "Data incomplete"),
    detail=Text("Dados incompletos: {field} é obrigatório", "Data incomplete: {field} is required"),
    wire=True,
)
DATA_INVALID = ProblemType(
    code="data_invalid",
    status=400,
    title=Text("Dados inválidos", "Data not valid"),
    detail=Text("Dados inválidos: {reason_pt}", "Data not valid: {reason_en}"),
)
SIGNATURE_REFUSED = ProblemType(
    code="signature_refused",
    status=401,
    title=Text("Assinatura recusada", "Signature refused"),
    detail=Text(
        "A assinatura da entrega foi recusada: {reason_pt}", "The delivery's signature was refused: {reason_en}"
    ),
)
TOKEN_MISSING = ProblemType(
    code="token_missing",
    status=401,
    title=Text("Token de segurança ausente", "Security token missing"),
    detail=Text(
        "Envie o token de segurança do tenant no cabeçalho X-Security-Token.",
        "Send the tenant's security token in the header X-Security-Token.",
    ),
)
TOKEN_REFUSED = ProblemType(
    code="token_refused",
    status=401,
    title=Text("Token de segurança recusado", "Security token refused"),
    detail=Text(
        "O token de segurança não é o registrado para este tenant.",
        "The security token is not the one on record for this tenant.",
    ),
)
OTHER_TENANT = ProblemType(
    code="other_tenant",
    status=400,
    title=Text("Documento de outro tenant", "Document of another tenant"),
    detail=Text(
        "O account_id do documento não é o tenant do caminho ({tenant}).",
        "The document's account_id is not the tenant of the path ({tenant}).",
    ),
)
MASK_REFUSED = ProblemType(
    code="mask_refused",
    status=422,
    title=Text("Máscara recusada", "Mask refused"),
    detail=Text(
        "O documento contém máscara(s) de segredo que não podem ser mantidas. "
        "Envie a máscara como foi lida, no lugar onde estava, ou o valor.",
        "The document holds mask(s) of secrets that cannot be kept. "
        "Send the mask as it was read, in its place, or the value.",
    ),
    command="the document holds masks of secrets that do not stand: leave each mask where `sprintia config get` "
    "printed it, or write the value in its place",
)
SECRET_NOT_FOUND = ProblemType(
    code="secret_not_found",
    status=404,
    title=Text("Segredo não encontrado", "Secret not found"),
    detail=Text("O tenant {tenant} não tem o segredo {name}.", "The tenant {tenant} has no secret {name}."),
)
SECRET_AMBIGUOUS = ProblemType(
    code="secret_ambiguous",
    status=409,
    title=Text("Segredo ambíguo", "Secret ambiguous"),
    detail=Text(
        "O segredo {name} existe em mais de um domínio: acrescente ?domain= ({domains}).",
        "The secret {name} stands in more than one domain: add ?domain= ({domains}).",
    ),
)
SECRETS_ERASED = ProblemType(
    code="secrets_erased",
    status=410,
    title=Text("Segredos apagados", "Secrets erased"),
    detail=Text(
        "A chave que protegia este conteúdo foi destruída a pedido; ele não pode mais ser lido.",
        "The key that protected this content was destroyed on request; it cannot be read any more.",
    ),
)
MAPPING_NOT_FOUND = ProblemType(
    code="mapping_not_found",
    status=404,
    title=Text("Mapeamento não encontrado", "Mapping not found"),
    detail=Text("Mapeamento não encontrado", "There is no mapping"),
    wire=True,
)
MAPPING_TAKEN = ProblemType(
    code="mapping_taken",
    status=409,
    title=Text("Rota já pertence a outro tenant", "Route belongs to another tenant"),
    detail=Text(
        "Uma conta ou caixa de entrada deste pedido já está mapeada para outro tenant. Nada foi alterado; "
        "remova-a lá antes.",
        "An account or inbox of this request is already mapped to another tenant. Nothing was changed; "
        "remove it there first.",
    ),
)
MAPPING_UNRESOLVED = ProblemType(
    code="mapping_unresolved",
    status=404,
    title=Text("Nenhuma rota", "No route"),
    detail=Text(
        "Nenhuma regra do mapeamento responde por esta conta, caixa de entrada ou telefone.",
        "No rule of the mapping answers for this account, inbox or phone.",
    ),
)
MAPPING_TENANT_NEEDED = ProblemType(
    code="mapping_tenant_needed",
    status=422,
    title=Text("Informe o tenant", "Name the tenant"),
    detail=Text(
        "Esta chave alcança vários tenants: informe tenant_id.", "This key reaches several tenants: give tenant_id."
    ),
)
MAPPING_AMBIGUOUS = ProblemType(
    code="mapping_ambiguous",
    status=409,
    title=Text("Rota ambígua", "Route ambiguous"),
    detail=Text(
        "Este número é especial para mais de um tenant: informe também a conta ou a caixa de entrada.",
        "This number is special for more than one tenant: give the account or the inbox too.",
    ),
)
REVISION_AHEAD = ProblemType(
    code="revision_ahead",
    status=404,
    title=Text("Revisão ainda não existe", "Revision not there yet"),
    detail=Text(
        "A revisão {revision} ainda não existe; a atual é {current}.",
        "Revision {revision} is not there yet; the current one is {current}.",
    ),
)
RESOLVE_MISSING = ProblemType(
    code="resolve_missing",
    status=422,
    title=Text("Falta resolve=true", "resolve=true is missing"),
    detail=Text(
        "Só um bundle com as camadas mescladas tem {names}: acrescente resolve=true.",
        "Only a bundle with its layers merged has {names}: add resolve=true.",
    ),
)
LAYERS_TOO_LARGE = ProblemType(
    code="layers_too_large",
    status=422,
    title=Text("Camadas grandes demais", "Layers too large"),
    detail=Text(
        "Há camadas demais para mesclar em um só bundle. Reduza os documentos de _base, use menos domínios neste "
        "tenant, ou leia sem resolve=true.",
        "This is too much to be merged into one bundle. Make the documents of _base smaller, use fewer domains in this "
        "tenant, or read without resolve=true.",
    ),
)
ORIGINS_TOO_LARGE = ProblemType(
    code="origins_too_large",
    status=422,
    title=Text("Origens demais", "Too many origins"),
    detail=Text(
        "Há origens demais para um só bundle. Leia sem origins=true: `layers` diz de que é feito cada documento.",
        "These are too many origins for one bundle. Read without origins=true: `layers` tells what each document is "
        "made of.",
    ),
)
SEARCH_TOO_SHORT = ProblemType(
    code="search_too_short",
    status=422,
    title=Text("Busca curta demais", "Search too short"),
    detail=Text(
        "Informe em {names} ao menos {shortest} caracteres, sem contar espaços.",
        "Give at least {shortest} characters in {names}, not counting spaces.",
    ),
)
SEARCH_TOO_BROAD = ProblemType(
    code="search_too_broad",
    status=422,
    title=Text("Busca ampla demais", "Search too broad"),
    detail=Text(
        "A busca passou de {seconds} s. Informe um texto mais longo, ou o tenant, o domínio ou o tipo.",
        "The search took more than {seconds} s. Give a longer text, or the tenant, the domain or the type.",
    ),
)
IMPORT_REFUSED = ProblemType(
    code="import_refused",
    status=422,
    title=Text("Arquivo de importação recusado", "Import file refused"),
    detail=Text(
        "O arquivo tem falhas ({count}) e nada dele foi importado. Exporte de novo e envie-o inteiro, sem alterá-lo.",
        "The file has faults ({count}), and nothing of it was imported. Export again and send it whole and unchanged.",
    ),
    command="the file has faults ({count}), and nothing of it was imported: export again, and take the file whole and "
    "unchanged",
)
TRANSFER_BUSY = ProblemType(
    code="transfer_busy",
    status=503,
    title=Text("Transferência em andamento", "Transfer under way"),
    detail=Text(
        "Outra exportação ou importação está em andamento neste processo. Tente de novo em {seconds} s.",
        "Another export or import is under way in this process. Try again in {seconds} s.",
    ),
)
IMPORT_TOO_LARGE = ProblemType(
    code="import_too_large",
    status=413,
    title=Text("Arquivo grande demais", "File too large"),
    detail=Text(
        "O arquivo passa de {limit} bytes (SPRINTIA_CONFIG_IMPORT_MAX_BYTES). Exporte menos tenants por vez, ou use "
        "`sprintia config import`, que não tem esse limite.",
        "The file is over {limit} bytes (SPRINTIA_CONFIG_IMPORT_MAX_BYTES). Export fewer tenants at a time, or use "
        "`sprintia config import`, which has no such limit.",
    ),
)
IMPORT_NO_SPACE = ProblemType(
    code="import_no_space",
    status=507,
    title=Text("Sem espaço em disco", "No space left"),
    detail=Text(
        "O servidor não tem espaço em disco para guardar o arquivo enquanto o confere. Nada foi importado.",
        "The server has no disk space to keep the file while it checks it. Nothing was imported.",
    ),
    command="there is no disk space to keep a copy of the file while it is checked, and nothing was imported: make "
    "room in the folder of temporary files, or set TMPDIR to another one",
)
SCHEMA_NOT_MET = ProblemType(
    code="schema_not_met",
    status=422,
    title=Text("Documento fora do esquema", "Document does not meet its schema"),
    detail=Text(
        "O documento não atende ao esquema de {config_type}. Falhas: {count}; a primeira, em {pointer}. "
        "Nada foi alterado.",
        "The document does not meet the schema of {config_type}. Faults: {count}; the first is at {pointer}. "
        "Nothing was changed.",
    ),
)
SCHEMA_QUARANTINED = ProblemType(
    code="schema_quarantined",
    status=202,
    title=Text("Documento em quarentena", "Document in quarantine"),
    detail=Text(
        "O documento não atende ao esquema de {config_type}. Falhas: {count}; a primeira, em {pointer}. Ele está em "
        "quarentena, e não em vigor; a última versão boa, se há uma, continua valendo. Corrija-o e envie de novo.",
        "The document does not meet the schema of {config_type}. Faults: {count}; the first is at {pointer}. It is in "
        "quarantine, and not live; the last good version, if any, keeps serving. Correct it and send it again.",
    ),
)
SCHEMA_REFUSED = ProblemType(
    code="schema_refused",
    status=422,
    title=Text("Esquema recusado", "Schema refused"),
    detail=Text(
        "O esquema não pode ser usado; falhas: {count}. É aceito JSON Schema 2020-12, com referências só a si mesmo.",
        "The schema cannot be used; faults: {count}. JSON Schema 2020-12 is accepted, with references within itself.",
    ),
)
SCHEMA_NOT_FOUND = ProblemType(
    code="schema_not_found",
    status=404,
    title=Text("Esquema não encontrado", "Schema not found"),
    detail=Text("O tipo {config_type} não tem esquema.", "The type {config_type} has no schema."),
)
SCHEMA_FOR_ALL = ProblemType(
    code="schema_for_all",
    status=403,
    title=Text("Esquemas valem para todos os tenants", "Schemas hold for every tenant"),
    detail=Text(
        "Um esquema vale para todos os tenants: use uma chave que não seja limitada a alguns.",
        "A schema holds for every tenant: use a key that is not limited to some.",
    ),
)
DELIVERY_NOT_KEPT = ProblemType(
    code="delivery_not_kept",
    status=404,
    title=Text("Entrega não encontrada", "Delivery not found"),
    detail=Text(
        "Não há entrega {delivery} com o conteúdo guardado.", "There is no delivery {delivery} whose body is kept."
    ),
)
REVISION_GONE = ProblemType(
    code="revision_gone",
    status=410,
    title=Text("Revisão fora da retenção", "Revision past retention"),
    detail=Text(
        "O estado de {tenant} em {asked} não pode mais ser lido por inteiro: a retenção o ultrapassou. O mais antigo é "
        "a revisão {revision}, de {at}.",
        "The state of {tenant} at {asked} can no longer be read as a whole: retention has passed it. The oldest is "
        "revision {revision}, of {at}.",
    ),
)
VERSION_GONE = ProblemType(
    code="version_gone",
    status=410,
    title=Text("Versão removida", "Version removed"),
    detail=Text(
        "A versão {version} foi removida pela retenção; escolha outra no histórico. O mais antigo que se lê por "
        "inteiro é a revisão {revision}, de {at}.",
        "Retention has removed version {version}; choose another one from the history. The oldest that can be read as "
        "a whole is revision {revision}, of {at}.",
    ),
)
CHANGES_GONE = ProblemType(
    code="changes_gone",
    status=410,
    title=Text("Mudanças fora da retenção", "Changes past retention"),
    detail=Text(
        "As mudanças de {tenant} depois da revisão {asked} não estão mais completas: a retenção passou para a revisão "
        "{revision}, de {at}. Leia o bundle e continue a partir da revisão dele.",
        "The changes of {tenant} after revision {asked} are no longer complete: retention has moved on to revision "
        "{revision}, of {at}. Read the bundle and go on from its revision.",
    ),
)
PIN_NOT_FOUND = ProblemType(
    code="pin_not_found",
    status=404,
    title=Text("Marcação não encontrada", "Pin not found"),
    detail=Text("{tenant} não tem a marcação {name}.", "{tenant} has no pin {name}."),
)
PINS_FULL = ProblemType(
    code="pins_full",
    status=409,
    title=Text("Marcações demais", "Too many pins"),
    detail=Text(
        "{tenant} já tem {limit} marcações: apague as que não são mais necessárias.",
        "{tenant} has {limit} pins already: delete those that are no longer needed.",
    ),
)
