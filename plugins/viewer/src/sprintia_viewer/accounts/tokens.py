"""Tokens of 256 random bits, known to their holder alone: the database keeps their SHA-256."""

import hashlib
import secrets


def new_token() -> str:
    """43 characters that fit into URLs and cookies."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> bytes:
    """What is stored. 256 random bits need no slow hash (ASVS 5.0, 11.5.1)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
