"""Compares with the service what it acknowledged: heals restored backups, and overwrites nothing that is newer."""

import logging
from contextlib import closing

from odoo import api, fields, models

from ..outbox_core.reconciling import Held, Told, Verdict, verdict

_logger = logging.getLogger(__name__)


class ConfigServiceReconciler(models.AbstractModel):
    _name = "config.service.reconciler"
    _description = "Comparison with the configuration service"

    @api.model
    def _nightly(self):
        """Queue what was changed behind Odoo's back, then compare; never raises for what the service does."""
        documents = self.env["config.service.document"].sudo()
        known = {document._key() for document in documents.search([])}  # pylint: disable=no-search-all
        documents._mark(known | self.env["config.service.source"]._config_all_keys())
        _logger.info("comparison with the configuration service: %s", self._reconcile())

    @api.model
    def _reconcile(self):
        """Compare all documents that nothing is pending for.

        Returns:
            What was found, for people.
        """
        queue = self.env["config.service.queue"]._main()
        if why := queue._why():
            return why
        try:
            client = self.env["config.service.settings"].client()
        except ValueError as error:
            return self.env._("A setting of the service may not be used: %(reason)s", reason=error)
        with closing(client):
            return self._compared(client, queue)

    def _compared(self, client, queue):
        found = dict.fromkeys(Verdict, 0)
        documents = self.env["config.service.document"].search([])  # pylint: disable=no-search-all
        for account_id in sorted(set(documents.mapped("account_id"))):
            ours = documents.filtered(lambda document, account=account_id: document.account_id == account)
            held = {document: memory for document in ours if (memory := self._memory(document))}
            if not held:
                continue
            answer = client.reconcile(account_id, _places(held.values()))
            if answer.reconciliation is None:
                return self.env._("The service could not be compared with: %(reason)s", reason=answer.reason)
            told = _told(answer.reconciliation, held.values())
            for document, memory in held.items():
                judged, theirs = verdict(memory, told)
                found[judged] += 1
                self._follow(document, judged, theirs)
        queue.last_reconcile = fields.Datetime.now()
        return self.env._(
            "%(equal)s equal, %(lost)s sent again, %(changed)s changed at the service, %(newer)s to be decided.",
            equal=found[Verdict.equal], lost=found[Verdict.lost], changed=found[Verdict.changed],
            newer=found[Verdict.newer],
        )  # fmt: skip

    def _memory(self, document):
        events = self.env["config.service.event"]
        where = [("document_id", "=", document.id)]
        if events.search_count([*where, ("state", "in", ("pending", "conflict"))], limit=1):
            return None
        last = events.search([*where, ("state", "=", "sent")], order="revision desc", limit=1)
        if not last:
            return None
        return Held(last.stream, document.revision, last.revision, last.places or [], last.was_deletion)

    def _follow(self, document, judged, theirs):
        match judged:
            case Verdict.lost:
                document._mark({document._key()}, force=True)
            case Verdict.newer:
                self._conflict(document, theirs)
            case Verdict.changed | Verdict.equal:
                note = self.env._("Changed at the service since: the next change here takes its place.")
                wanted = note if judged is Verdict.changed else False
                if document.remote_note != wanted:
                    document.remote_note = wanted

    def _conflict(self, document, theirs):
        last = document.event_ids.sorted("revision")[-1:]
        self = self.with_context(lang=last.language or self.env.user.lang)  # noqa: PLW0642
        reason = self.env._(
            "The service has a later state (number %(theirs)s, here %(ours)s): this database was restored, or another "
            "one sends for the same account. Decide which state shall count.",
            theirs=theirs, ours=document.revision,
        )  # fmt: skip
        last.write({"state": "conflict", "remote_sequence": theirs, "reason": reason})
        self.env["config.service.queue"]._tell_managers_of(
            document, self.env._("The configuration service has a later state"), reason
        )


def _places(memories):
    return [place for memory in memories for place in memory.places if not place.get("mapping")]


def _told(answer, memories):
    """Read the service's answer: what it does not call stale or unknown stands as it was named."""
    versions = {(place["domain"], place["config_type"]): place["version"] for place in _places(memories)}
    for gone in answer["unknown"]:
        versions.pop((gone["domain"], gone["config_type"]), None)
    for differing in (*answer["stale"], *answer["missing"]):
        versions[differing["domain"], differing["config_type"]] = differing["version"]
    return Told(
        sequences={stream["stream"]: stream["sequence"] for stream in answer.get("streams", [])},
        versions=versions,
        mapping_version=answer.get("mapping_version") or 0,
    )
