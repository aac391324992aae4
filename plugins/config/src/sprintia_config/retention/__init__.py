"""What of the history may go, what must stay, and what that leaves answerable."""
