"""The config client's contract, answered in this process: what plugins that run beside this one get for it.

The same services and records as behind the routes, without HTTP. A plugin that asks for itself has every right but
`admin`: who may do what is for that plugin to decide, as it is with a remote service's key. One that serves people asks
for each of them, by `acting`: then rights and tenants are the person's, as the routes would hold to them.
"""

from sprintia_config.local_services.administering import Administering
from sprintia_config.local_services.changing import Changing
from sprintia_config.local_services.reading import Reading

__all__ = ["LocalConfig"]


class LocalConfig(Reading, Administering, Changing):
    """`ConfigReader` and `ConfigWriter` over this plugin's own services."""
