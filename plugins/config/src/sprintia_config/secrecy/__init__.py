"""Secrets of configuration documents: which leaves they are, how they are sealed, and what stands in their place.

Pure code: no SQL, no HTTP; only `master_keys` touches a file, the key file.
"""

from sprintia_config.secrecy.envelope import DataKey, Place
from sprintia_config.secrecy.errors import (
    DecryptionError,
    MalformedMaskError,
    MaskError,
    MaskFault,
    MasterKeyError,
    MisplacedMaskError,
    MissingMasterKeyError,
    SecrecyError,
    UnknownMaskError,
)
from sprintia_config.secrecy.leaves import (
    CREDENTIALS,
    JsonScalar,
    SecretLeaf,
    decode_scalar,
    encode_scalar,
    secret_leaves,
)
from sprintia_config.secrecy.masks import contains_mask, mask, restore
from sprintia_config.secrecy.master_keys import MasterKeyRing, WrappedKey

__all__ = [
    "CREDENTIALS",
    "DataKey",
    "DecryptionError",
    "JsonScalar",
    "MalformedMaskError",
    "MaskError",
    "MaskFault",
    "MasterKeyError",
    "MasterKeyRing",
    "MisplacedMaskError",
    "MissingMasterKeyError",
    "Place",
    "SecrecyError",
    "SecretLeaf",
    "UnknownMaskError",
    "WrappedKey",
    "contains_mask",
    "decode_scalar",
    "encode_scalar",
    "mask",
    "restore",
    "secret_leaves",
]
