"""What plugins tell whoever starts the platform for the first time: the hook `register_first_steps`."""

from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.plugins import describe


async def first_steps(host: Host, url: str) -> list[str]:
    """Ask the plugins what a person does first, with the database open.

    Raises:
        StartupError: naming the plugin that could not tell.
    """
    lines: list[str] = []
    for name, given in host.contributions.items():
        if given.first_steps is None:
            continue
        try:
            lines += map(str, await given.first_steps(url))
        except (Exception, SystemExit) as error:
            cause = "; ".join(error.faults) if isinstance(error, StartupError) else describe(error)
            raise StartupError(
                f"plugin {name!r} failed at register_first_steps: {cause}. Mend it, or leave it out of SPRINTIA_PLUGINS"
            ) from error
    return lines
