from . import (
    test_access,
    test_contents,
    test_dates,
    test_documents,
    test_migration,
    test_profile,
    test_scheduling,
    test_sending,
    test_support_documents,
    test_templates,
    test_views,
)
