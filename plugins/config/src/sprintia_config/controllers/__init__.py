"""The HTTP routes of the plugin."""
