"""The pages, a module each."""

from sprintia_viewer.pages import auditing, comparing, documents, finding, operating, preferences, signing_in, tenants

HANDLERS = (
    *signing_in.HANDLERS,
    *preferences.HANDLERS,
    *finding.HANDLERS,
    *tenants.HANDLERS,
    *documents.HANDLERS,
    *comparing.HANDLERS,
    *auditing.HANDLERS,
    *operating.HANDLERS,
)
