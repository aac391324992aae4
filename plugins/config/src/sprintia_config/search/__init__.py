"""Search over the documents that stand: ids, key paths and values; secrets never."""
