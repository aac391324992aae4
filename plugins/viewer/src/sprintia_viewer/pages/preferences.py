"""`/viewer/preferences`: the language and colours of who is signed in, changed from any page."""

from typing import Literal

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency

from sprintia_platform.http.languages import Language
from sprintia_viewer.parts import Parts
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.redirects import local
from sprintia_viewer.web.visits import Visit


class PreferencesForm(msgspec.Struct, frozen=True):
    """What a button of the header changes; what it does not name stays."""

    next: str = ""
    language: Language | msgspec.UnsetType = msgspec.UNSET
    theme: Literal["auto", "light", "dark"] | msgspec.UnsetType = msgspec.UNSET


@post("/viewer/preferences", guards=[signed_in()])
async def set_preferences(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Keep a preference, and go on where the person was."""
    form = await visit.form(PreferencesForm)
    await parts.users.set_preferences(visit.person.id, language=form.language, theme=form.theme)
    return await visit.redirect(local(form.next))


HANDLERS = (set_preferences,)
