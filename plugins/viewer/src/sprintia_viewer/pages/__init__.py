"""The pages, a module each."""

from sprintia_viewer.pages import (
    account,
    auditing,
    comparing,
    confirming,
    documents,
    editing,
    finding,
    keys,
    oidc,
    operating,
    preferences,
    restoring,
    revealing,
    signing_in,
    tenants,
    users,
)

HANDLERS = (
    *signing_in.HANDLERS,
    *oidc.HANDLERS,
    *confirming.HANDLERS,
    *preferences.HANDLERS,
    *finding.HANDLERS,
    *tenants.HANDLERS,
    *documents.HANDLERS,
    *comparing.HANDLERS,
    *editing.HANDLERS,
    *restoring.HANDLERS,
    *revealing.HANDLERS,
    *auditing.HANDLERS,
    *keys.HANDLERS,
    *users.HANDLERS,
    *account.HANDLERS,
    *operating.HANDLERS,
)
