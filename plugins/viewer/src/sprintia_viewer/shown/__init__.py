"""How configuration is shown: pure functions from what the service tells to what a template writes."""
