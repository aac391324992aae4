"""One request, one page: who asks, in which language, and how the answer is written."""
