"""What is read of tenants, ready in memory: answers before the router, and while PostgreSQL is away."""
