"""The addons' catalogues as a real Odoo exports them: compared with the files, or written."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polib
from odoo_installation import OUR_ADDONS

Shell = Callable[[str, str], str]
EXPORT = """
import inspect
from odoo.tools.translate import trans_export
with_env = "env" in inspect.signature(trans_export).parameters
for name in {addons!r}:
    with open({folder!r} + "/" + name + ".pot", "wb") as file:
        trans_export(False, [name], file, "po", env if with_env else env.cr)
"""
CHURNING = ("POT-Creation-Date", "PO-Revision-Date", "Project-Id-Version", "Last-Translator", "Language-Team")


def out_of_step(shell: Shell, addons: list[str], folder: Path) -> list[str]:
    """Return each text that an addon's template lacks or has too much, going by this Odoo."""
    faults = []
    for name, exported in _exported(shell, addons, folder).items():
        file = OUR_ADDONS / name / "i18n" / f"{name}.pot"
        stored = {entry.msgid for entry in polib.pofile(str(file))} if file.is_file() else set()
        texts = {entry.msgid for entry in exported}
        if lacking := sorted(texts - stored):
            some = ", ".join(map(repr, lacking[:3]))
            faults.append(f"{name}/i18n/{name}.pot lacks {len(lacking)} texts ({some}, ...): make translations-odoo")
    return faults


def write(shell: Shell, addons: list[str], folder: Path) -> None:
    """Write each addon's template, and take its new texts into pt_BR.po, to be translated."""
    for name, exported in _exported(shell, addons, folder).items():
        for key in CHURNING:
            exported.metadata.pop(key, None)
        place = OUR_ADDONS / name / "i18n"
        place.mkdir(exist_ok=True)
        exported.save(str(place / f"{name}.pot"))
        catalogue = _merged(place / "pt_BR.po", exported)
        missing = [entry.msgid for entry in catalogue.untranslated_entries()]
        print(f"{name}: {len(exported)} texts, {len(missing)} not translated")
        for text in missing:
            print(f"  {text!r}")


def _merged(path: Path, template: polib.POFile) -> polib.POFile:
    catalogue = polib.pofile(str(path)) if path.is_file() else polib.POFile()
    catalogue.metadata = {**template.metadata, "Language": "pt_BR", "Plural-Forms": "nplurals=2; plural=(n > 1);"}
    comments = {entry.msgid: entry.comment for entry in template}
    catalogue.merge(template)
    for entry in list(catalogue.obsolete_entries()):
        catalogue.remove(entry)
    for entry in catalogue:
        entry.comment = comments[entry.msgid]
    catalogue.save(str(path))
    return catalogue


def _exported(shell: Shell, addons: list[str], folder: Path) -> dict[str, polib.POFile]:
    place = folder / "exported"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    place.chmod(0o777)
    shell("export of texts", EXPORT.format(addons=addons, folder=str(place)))
    return {name: polib.pofile(str(place / f"{name}.pot")) for name in addons if (place / f"{name}.pot").is_file()}
