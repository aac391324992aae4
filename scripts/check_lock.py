"""Hold requirements.lock in step with the pyproject files, or write it anew with --write.

The lock carries versions and hashes for every platform but names no registry: pip finds the files wherever the machine
is set up to look. Existing pins are kept when the requirements still allow them, so a new release elsewhere changes
nothing here.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
MEMBERS = ("sprintia-platform", "sprintia-config", "sprintia-viewer", "sprintia-config-client")


def resolve(output: Path) -> None:
    command = [
        str(Path(sys.executable).parent / "uv"), "pip", "compile", "pyproject.toml",
        "--quiet", "--system-certs", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links",
        "--no-header", "--no-annotate", "--python-version", "3.11", "--group", "dev", "--output-file", str(output),
    ]  # fmt: skip
    for member in MEMBERS:
        command += ["--no-emit-package", member]
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> int:
    if "--write" in sys.argv[1:]:
        resolve(LOCK)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "requirements.lock"
        shutil.copy(LOCK, fresh)
        try:
            resolve(fresh)
        except subprocess.CalledProcessError:
            print("the package index did not answer, so requirements.lock could not be compared", file=sys.stderr)
            return 1
        if fresh.read_text() == LOCK.read_text():
            return 0
    print(
        "requirements.lock does not match the pyproject files: run `make lock` and commit the result", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
