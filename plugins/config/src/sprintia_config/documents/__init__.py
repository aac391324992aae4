"""Documents: their content, their versions, and how answers show them."""
