"""The pages, a module each."""

from sprintia_viewer.pages import (
    auditing,
    comparing,
    documents,
    editing,
    finding,
    operating,
    preferences,
    restoring,
    revealing,
    signing_in,
    tenants,
)

HANDLERS = (
    *signing_in.HANDLERS,
    *preferences.HANDLERS,
    *finding.HANDLERS,
    *tenants.HANDLERS,
    *documents.HANDLERS,
    *comparing.HANDLERS,
    *editing.HANDLERS,
    *restoring.HANDLERS,
    *revealing.HANDLERS,
    *auditing.HANDLERS,
    *operating.HANDLERS,
)
