from . import test_access, test_dispatcher, test_hooks, test_log_filter, test_outbox, test_reconciler, test_settings
