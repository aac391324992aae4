from . import (
    settings,
    vault,
    queue,
    event,
    document,
    dispatcher,
    reconciler,
    source,
    res_company,
    res_config_settings,
)
