"""The config plugin: versioned configuration and secrets of many tenants, on PostgreSQL."""
