"""PostgreSQL for the platform: the embedded server, the engine and the migrations."""
