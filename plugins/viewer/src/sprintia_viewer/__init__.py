"""The pages on which admins find, understand, compare and mend a tenant's configuration."""
