"""Who may sign in: users, passwords, sessions, attempts, one-time links, second factors, OpenID Connect."""
