"""The webhook intake: what Odoo sends, and what it changes."""
