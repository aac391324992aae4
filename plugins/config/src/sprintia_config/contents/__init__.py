"""What a document is before anything is stored: its key, its content, and where its sealed values belong."""
