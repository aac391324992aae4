"""Vendor what the viewer's pages load: `python plugins/viewer/ui/vendor.py`, with npm at hand.

Installs what package-lock.json names into a temporary folder (no install scripts), copies and bundles it into
`static/vendor/NAME-VERSION/` with the licences, and writes VENDOR.json and THIRD_PARTY.md. The result is committed, so
that neither a build nor a server needs npm; tests/plugins/viewer/test_assets.py hashes it again.
"""

import json
import shutil
import subprocess
import tempfile
from base64 import b64encode
from hashlib import sha384
from pathlib import Path
from typing import Any

UI = Path(__file__).resolve().parent
STATIC = UI.parent / "src" / "sprintia_viewer" / "static"
VENDOR = STATIC / "vendor"

# package -> (folder, what is taken)
COPIED = {
    "htmx.org": ("htmx", ("dist/htmx.min.js",)),
    "@picocss/pico": ("pico", ("css/pico.min.css",)),
}
LICENCES = ("LICENSE", "LICENSE.md", "LICENSE.txt")
Json = dict[str, Any]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json", "editor.js"):
            shutil.copy(UI / name, work)
        run(work, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        locked = json.loads((work / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        shutil.rmtree(VENDOR, ignore_errors=True)
        entries = [copied(work, locked, name) for name in COPIED] + [bundled(work, locked)]
    write(VENDOR / "VENDOR.json", json.dumps(entries, indent=2, ensure_ascii=False))
    write(VENDOR / "THIRD_PARTY.md", third_party(entries))


def run(work: Path, *command: str) -> str:
    return subprocess.run(command, cwd=work, check=True, capture_output=True, text=True).stdout


def copied(work: Path, locked: Json, name: str) -> Json:
    """Copy files of a package as they are, without the line that leads to a source map that we do not ship."""
    folder, wanted = COPIED[name]
    target = VENDOR / f"{folder}-{locked[f'node_modules/{name}']['version']}"
    for file in wanted:
        text = (work / "node_modules" / name / file).read_text(encoding="utf-8")
        write(target / Path(file).name, text.split("\n//# sourceMappingURL")[0])
    write(target / "LICENSE.txt", licence(work, name))
    return entry(target, [part(locked, name)])


def bundled(work: Path, locked: Json) -> Json:
    """Bundle the editor: one file that tells the page nothing but what it does to its textarea."""
    made = work / "made"
    written = (f"--outfile={made}/editor.js", "--metafile=meta.json")
    options = ("--bundle", "--minify", "--format=iife", "--target=es2022", "--legal-comments=none")
    run(work, str(work / "node_modules/.bin/esbuild"), "editor.js", *options, *written)
    inputs = json.loads((work / "meta.json").read_text(encoding="utf-8"))["inputs"]
    names = sorted({package_of(path) for path in inputs if path.startswith("node_modules/")})
    version = locked["node_modules/@codemirror/view"]["version"]
    target = VENDOR / f"codemirror-{version}"
    write(target / "editor.js", (made / "editor.js").read_text(encoding="utf-8"))
    texts = "\n\n".join(f"{name}\n{'=' * len(name)}\n\n{licence(work, name)}" for name in names)
    write(target / "LICENSE.txt", texts)
    return entry(target, [part(locked, name) for name in names])


def package_of(path: str) -> str:
    parts = path.removeprefix("node_modules/").split("/")
    return "/".join(parts[: 2 if parts[0].startswith("@") else 1])


def licence(work: Path, name: str) -> str:
    folder = work / "node_modules" / name
    return next(text for file in LICENCES if (text := read_if_there(folder / file)))


def read_if_there(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def part(locked: Json, name: str) -> Json:
    known = locked[f"node_modules/{name}"]
    return {
        "name": name, "version": known["version"], "license": known["license"], "integrity": known["integrity"],
    }  # fmt: skip


def entry(target: Path, packages: list[Json]) -> Json:
    files = sorted(file for file in target.iterdir() if file.is_file())
    return {
        "folder": target.name,
        "files": {file.name: f"sha384-{b64encode(sha384(file.read_bytes()).digest()).decode()}" for file in files},
        "packages": packages,
    }


def third_party(entries: list[Json]) -> str:
    rows = [
        f"| `{entry['folder']}/` | {package['name']} | {package['version']} | {package['license']} |"
        for entry in entries
        for package in entry["packages"]
    ]
    return "\n".join([
        "# What the pages load that others wrote", "",
        "Made by `plugins/viewer/ui/vendor.py`; the licences' texts stand beside the files.", "",
        "| folder | package | version | licence |", "|---|---|---|---|", *rows,
    ])  # fmt: skip


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.strip("\n").encode() + b"\n")


if __name__ == "__main__":
    main()
