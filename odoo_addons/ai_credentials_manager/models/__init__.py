from . import (
    ai_credentials_access_log,
    ai_system_credentials,
    ai_system_credentials_secrets,
    ai_system_credentials_sending,
    ai_channel_mapping,
    document,
)
