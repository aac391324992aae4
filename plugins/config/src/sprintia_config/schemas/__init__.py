"""JSON Schema per type of document: kept in versions, compiled once per process, asked at each write."""
