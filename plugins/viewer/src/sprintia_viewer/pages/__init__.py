"""The pages, a module each."""

from sprintia_viewer.pages import auditing, finding, operating, preferences, signing_in, tenants

HANDLERS = (
    *signing_in.HANDLERS,
    *preferences.HANDLERS,
    *finding.HANDLERS,
    *tenants.HANDLERS,
    *auditing.HANDLERS,
    *operating.HANDLERS,
)
