"""LIKE patterns for a text that somebody typed."""

_ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def holding(text: str) -> str:
    """Match what holds the text; what LIKE would take for a wildcard stands for itself."""
    return f"%{text.translate(_ESCAPED)}%"
