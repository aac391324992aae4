"""How the command `sprintia` is typed by whoever started this process: texts that name it can then be pasted."""

import shlex
import shutil
import sys
from pathlib import Path

NAME = "sprintia"


def command_here() -> str:
    """`sprintia` where the shell finds it, `.venv/bin/sprintia` from the folder above, else the whole path."""
    own = _own_path()
    if own is None:
        return NAME
    return shlex.quote(str(_below_here(own) or own))


def command_told() -> str:
    """The same for pages, which say nothing of where things lie on the machine: `sprintia` rather than a whole path."""
    own = _own_path()
    below = _below_here(own) if own is not None else None
    return shlex.quote(str(below)) if below is not None else NAME


def _own_path() -> Path | None:
    """The command beside this interpreter, of a worker too; None when typing its name is enough, or all there is."""
    own = Path(sys.executable).parent / NAME
    if not own.is_file():
        return None
    found = shutil.which(NAME)
    return None if found is not None and Path(found).samefile(own) else own


def _below_here(path: Path) -> Path | None:
    try:
        return path.relative_to(Path.cwd())
    except (ValueError, OSError):  # elsewhere, or the folder is gone
        return None
