"""What came in and was not applied: kept for people, and replayed by them."""
