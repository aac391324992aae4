"""Keep the viewer's Portuguese texts in step with its pages.

Without an argument: every text of templates and code that is to be translated is in the catalogue, translated, with the
same places to fill, and nothing else is; exit status 1 otherwise. With --write: take new texts into the catalogue, and
leave out those that are gone.
"""

import re
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

VIEWER = Path(__file__).resolve().parent.parent / "plugins" / "viewer"
SOURCES = VIEWER / "src" / "sprintia_viewer"
CATALOGUE = SOURCES / "locale" / "pt_BR" / "LC_MESSAGES" / "viewer.po"
KEYWORDS = {
    "_": None, "gettext": None, "ngettext": (1, 2), "marked": None,
    # The errors of accounts, whose text is what the person reads.
    "__init__": None, "FieldRefused": (2,), "PasswordRefused": (2,), "OidcRefused": (2,),
}  # fmt: skip
PLACE = re.compile(r"%\((\w+)\)[sd]")
# A fixed date: a catalogue that did not change stays the same to the byte.
MADE = datetime(2026, 1, 1, tzinfo=UTC)


def extracted() -> Catalog:
    """Every text that the pages mark for translation, in order."""
    with (VIEWER / "babel.cfg").open() as settings:
        methods, options = parse_mapping_cfg(settings)
    template = Catalog(project="sprintia-viewer", creation_date=MADE, charset="utf-8")
    found = extract_from_dir(str(SOURCES), methods, options, KEYWORDS, comment_tags=("Translators:",))
    for _, _, message, comments, context in sorted(found, key=lambda each: str(each[2])):
        template.add(message, None, auto_comments=comments, context=context)
    return template


def standing() -> Catalog:
    if not CATALOGUE.exists():
        return Catalog(locale="pt_BR", project="sprintia-viewer", creation_date=MADE, revision_date=MADE)
    return read_po(BytesIO(CATALOGUE.read_bytes()), locale="pt_BR")


def written(catalogue: Catalog) -> bytes:
    """The catalogue as it stands in the file."""
    catalogue.revision_date = catalogue.creation_date = MADE
    catalogue.header_comment = "# The viewer's texts in Brazilian Portuguese."
    catalogue.last_translator = catalogue.language_team = "Sprintia"
    catalogue.msgid_bugs_address, catalogue.version, catalogue.fuzzy = "-", "1", False
    buffer = BytesIO()
    write_po(buffer, catalogue, width=120, sort_output=True, no_location=True, omit_header=False, ignore_obsolete=True)
    return buffer.getvalue()


def update() -> None:
    catalogue = standing()
    catalogue.update(extracted(), no_fuzzy_matching=True)
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_bytes(written(catalogue))


def faults() -> list[str]:
    """What is not in step."""
    catalogue, wanted = standing(), extracted()
    missing = [
        f"not in the catalogue: {message.id!r}" for message in wanted if message.id and message.id not in catalogue
    ]
    gone = [
        f"no page has it any more: {message.id!r}" for message in catalogue if message.id and message.id not in wanted
    ]
    return missing + gone + [fault for message in catalogue if message.id for fault in _faults_of(message)]


def _faults_of(message: Message) -> list[str]:
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    if message.fuzzy or not all(texts):
        return [f"not translated: {message.id!r}"]
    places = set(PLACE.findall(" ".join(ids)))
    strange = {place for text in texts for place in PLACE.findall(text)} - places
    lost = set() if len(ids) > 1 else places - set(PLACE.findall(texts[0]))
    return [f"other places to fill than in {message.id!r}: {sorted(strange | lost)}"] if strange or lost else []


def main() -> int:
    if "--write" in sys.argv[1:]:
        update()
    found = faults()
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print(
            "\nplugins/viewer/src/sprintia_viewer/locale/pt_BR/LC_MESSAGES/viewer.po is not in step: run "
            "`make translations`, and translate what is new",
            file=sys.stderr,
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
