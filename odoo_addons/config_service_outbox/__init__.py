from . import log_filter, models, wizards
from .hooks import post_init_hook, uninstall_hook

log_filter.install()
