"""API keys: their form, who holds which right, and the guards of the routes."""
