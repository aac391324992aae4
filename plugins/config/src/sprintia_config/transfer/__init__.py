"""Whole configurations out of an installation and into another one, with their history, as JSON lines."""
