"""What a signed-in person does on the pages for accounts, users and keys."""

import re
from html import unescape
from typing import Any

import httpx

from sprintia_testing.arrangements import PASSWORD, Arrangement
from sprintia_testing.crawling import Form, forms_in
from sprintia_testing.databases import TestDatabases
from sprintia_viewer.web import links


def form_on(page: httpx.Response, action: str) -> Form:
    """The page's form that is sent there."""
    found = [form for form in forms_in(page.text) if form.method == "post" and form.action == action]
    assert found, f"{page.status_code}, no form for {action}: {[form.action for form in forms_in(page.text)]}"
    return found[0]


def actions_on(page: httpx.Response) -> set[str]:
    """Where the page's forms are sent."""
    return {form.action for form in forms_in(page.text) if form.method == "post"}


def send(person: httpx.Client, page: str, action: str | None = None, **fields: Any) -> httpx.Response:
    """Fill in the form on a page that is sent to an address (the page's own, unless said otherwise)."""
    form = form_on(person.get(page), action or page)
    return person.post(form.action, data={**form.fields, **fields})


def csrf_of(person: httpx.Client) -> str:
    """What a form of this session carries, for one that no page has."""
    return form_on(person.get(links.sessions()), links.preferences()).fields["csrf"]


def confirm(person: httpx.Client, back_to: str = links.home(), **given: str) -> None:
    """Prove to be there."""
    page = person.get(links.confirm(next=back_to))
    form = form_on(page, links.confirm())
    answer = person.post(form.action, data={**form.fields, "password": PASSWORD, **given})
    assert (answer.status_code, answer.headers["location"]) == (303, back_to), answer.text


def leads_to_confirm(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and answer.headers["location"].startswith(links.confirm())


def told(page: httpx.Response) -> str:
    """What the page says of what went wrong."""
    return unescape("\n".join(re.findall(r'role="alert"[^>]*>(.*?)</div>', page.text, re.DOTALL)))


def sql(arrangement: Arrangement, statement: str, *arguments: Any) -> list[dict[str, Any]]:
    """Run a statement as the superuser, where the viewer runs."""
    return TestDatabases.run(arrangement.viewer.database_url, statement, *arguments)


def audited(arrangement: Arrangement, target: str) -> list[tuple[str, str]]:
    """(actor, action) of what the audit log has about a target, oldest first."""
    rows = sql(arrangement, "SELECT actor, action FROM platform.audit_event WHERE target = $1 ORDER BY seq", target)
    return [(row["actor"], row["action"]) for row in rows]
