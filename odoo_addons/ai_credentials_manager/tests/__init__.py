from . import test_access, test_bodies, test_log, test_mapping, test_migration, test_secrets, test_views
