"""The audit log: who did what, append-only, hash-chained per tenant."""
