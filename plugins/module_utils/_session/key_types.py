# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types that a workload's private key may have: how openssl makes one, and how its public key is recognized.

And where it may be: in a file, or in the TPM 2.0 of the machine, which gives a file that only it can use. The two are
told by the first line of the PEM file.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

FILE, TSS2 = "file", "tss2"
KEY_STORES = (FILE, TSS2)
TSS2_BEGIN = b"-----BEGIN TSS2 PRIVATE KEY-----"


class KeyType(NamedTuple):
    """What is to be known about a type of key."""

    algorithm: str  # of openssl genpkey
    options: Sequence[str]  # its -pkeyopt
    # How the SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7, DER in hex) of every key of the type begins: algorithm,
    # parameters and, by the lengths, the size of the key. RSA with the public exponent 65537, EC with the point
    # uncompressed.
    public_key_begins: str


KEY_TYPES = {
    "ECDSA-P256": KeyType(
        "EC",
        ("ec_paramgen_curve:P-256", "ec_param_enc:named_curve"),
        "3059301306072a8648ce3d020106082a8648ce3d030107034200",
    ),
    "ECDSA-P384": KeyType(
        "EC",
        ("ec_paramgen_curve:P-384", "ec_param_enc:named_curve"),
        "3076301006072a8648ce3d020106052b81040022036200",
    ),
    "RSA-2048": KeyType(
        "RSA",
        ("rsa_keygen_bits:2048",),
        "30820122300d06092a864886f70d01010105000382010f003082010a0282010100",
    ),
    "RSA-3072": KeyType(
        "RSA",
        ("rsa_keygen_bits:3072",),
        "308201a2300d06092a864886f70d01010105000382018f003082018a0282018100",
    ),
    "RSA-4096": KeyType(
        "RSA",
        ("rsa_keygen_bits:4096",),
        "30820222300d06092a864886f70d01010105000382020f003082020a0282020100",
    ),
}


def key_type_of(public_key: bytes) -> str:
    """Return the type of a public key (SubjectPublicKeyInfo, DER), or the words ``another type``."""
    encoded = public_key.hex()
    return next(
        (name for name, kind in KEY_TYPES.items() if encoded.startswith(kind.public_key_begins)), "another type"
    )


def store_of(private_key: bytes) -> str:
    """Return the store that a private key (PEM) is in, ``FILE`` or ``TSS2``."""
    return TSS2 if private_key.startswith(TSS2_BEGIN) else FILE
