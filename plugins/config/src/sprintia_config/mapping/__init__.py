"""The Chatwoot mapping: which tenant answers which account, inbox and number."""
