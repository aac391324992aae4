"""Texts in the language of the person: English message ids, translated by the catalogues in `locale/`."""

import gettext
import re
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from sprintia_platform.http.languages import Language

LANGUAGES: tuple[Language, ...] = ("pt-BR", "en")
NAMES: dict[Language, str] = {"pt-BR": "Português (Brasil)", "en": "English"}
PSEUDO: Literal["en-XA"] = "en-XA"

_current: ContextVar[gettext.NullTranslations] = ContextVar("translations")


def speak(language: str) -> None:
    """Use this language in what is rendered from here on, in this request."""
    _current.set(catalogue(language))


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations into a language; English is that of the message ids.

    Read from the text that translators edit: no compiled file can lag behind it.
    """
    if language == PSEUDO:
        return _Pseudo()
    source = files("sprintia_viewer") / "locale" / language.replace("-", "_") / "LC_MESSAGES" / "viewer.po"
    if not source.is_file():
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source.read_bytes())))
    return gettext.GNUTranslations(BytesIO(compiled.getvalue()))


class _Pseudo(gettext.NullTranslations):
    """A made-up language: every text that went through a translation is in brackets and has accents."""

    def gettext(self, message: str) -> str:
        return "".join(
            part if _PLACE.fullmatch(part) else part.translate(_ACCENTS) for part in _PLACE.split(f"⟦{message}⟧")
        )

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


_PLACE = re.compile(r"(%\(\w+\)[sd]|%%|</?\w+>)")
_ACCENTS = str.maketrans("aeiouyncAEIOUNC", "áéíóúýñçÁÉÍÓÚÑÇ")


def translate(message: str) -> str:
    return _current.get().gettext(message) if message else ""


def translate_number(singular: str, plural: str, number: int) -> str:
    return _current.get().ngettext(singular, plural, number)


def marked(message: str) -> str:
    """Mark a text for translation where it stands, to be translated where it is shown."""
    return message
