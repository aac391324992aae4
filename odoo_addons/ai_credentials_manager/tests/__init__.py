from . import (
    test_access,
    test_accounts,
    test_bodies,
    test_companies,
    test_connection,
    test_log,
    test_mapping,
    test_migration,
    test_requests,
    test_secrets,
    test_views,
)
