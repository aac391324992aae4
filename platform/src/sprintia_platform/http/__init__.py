"""What surrounds every request: context, limits, problem answers, documentation pages."""
