"""What differs between versions: by path, as text, and since when each value stands."""
