# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate templates: what each puts into a certificate, and what it lets others put there.

AWS Private CA user guide, "Template definitions", "Template varieties" and "Template order of operations": what the
template itself says comes first, then the CA's configuration, then the API, then the CSR.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from .acm_pca_errors import PrivateCaError

DEFAULT = "EndEntityCertificate/V1"
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_ARN = re.compile(
    r"arn:(?P<partition>[\w-]+):acm-pca:::template/(?P<base>\w+?)(_(?P<passthrough>[A-Z]+Passthrough))?/V1"
)
_PASSTHROUGHS = {None: (), "APIPassthrough": ("api",), "CSRPassthrough": ("csr",), "APICSRPassthrough": ("api", "csr")}

_SIGN_AND_ENCIPHER = ("digital_signature", "key_encipherment")
_SIGN_CERTIFICATES = ("digital_signature", "key_cert_sign", "crl_sign")


@dataclass(frozen=True)
class Template:
    """What a certificate of a template holds."""

    authority: bool = False
    self_signed: bool = False
    path_length: int | None = None
    critical_basic_constraints: bool = False
    usages: tuple[str, ...] | None = None  # None: whatever is passed
    extended_usages: tuple[x509.ObjectIdentifier, ...] | None = None
    passthroughs: tuple[str, ...] = ()  # api, csr

    @property
    def is_blank(self) -> bool:
        """Whether key usages may be passed through."""
        return self.usages is None

    def extensions(self) -> list[x509.Extension[x509.ExtensionType]]:
        """Write the extensions that nothing overrides."""
        constraints = x509.BasicConstraints(self.authority, self.path_length)
        written = [extension(constraints, self.authority or self.critical_basic_constraints)]
        if self.usages is not None:
            written.append(extension(key_usage(self.usages), critical=True))
        if self.extended_usages:
            written.append(extension(x509.ExtendedKeyUsage(list(self.extended_usages)), critical=False))
        return written


_CLIENT, _SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
_TEMPLATES = {
    "EndEntityCertificate": Template(usages=_SIGN_AND_ENCIPHER, extended_usages=(_SERVER, _CLIENT)),
    "EndEntityClientAuthCertificate": Template(usages=_SIGN_AND_ENCIPHER, extended_usages=(_CLIENT,)),
    "EndEntityServerAuthCertificate": Template(usages=_SIGN_AND_ENCIPHER, extended_usages=(_SERVER,)),
    "BlankEndEntityCertificate": Template(),
    "BlankEndEntityCertificate_CriticalBasicConstraints": Template(critical_basic_constraints=True),
    "RootCACertificate": Template(authority=True, self_signed=True, usages=_SIGN_CERTIFICATES),
    **{
        f"SubordinateCACertificate_PathLen{length}": Template(
            authority=True, path_length=length, usages=_SIGN_CERTIFICATES
        )
        for length in range(4)
    },
}


def find(arn: str | None, partition: str) -> Template:
    """Find a template by its ARN; raises PrivateCaError."""
    arn = arn or f"arn:{partition}:acm-pca:::template/{DEFAULT}"
    match = _ARN.fullmatch(arn)
    known = match and match["partition"] == partition and match["passthrough"] in _PASSTHROUGHS
    template = _TEMPLATES.get(match["base"]) if match and known else None
    # There is no blank template without passthrough.
    if match is None or template is None or (template.is_blank and not match["passthrough"]):
        raise PrivateCaError("InvalidArgsException", f"The template {arn} is not known.")
    return Template(**{**vars(template), "passthroughs": _PASSTHROUGHS[match["passthrough"]]})


def key_usage(usages: tuple[str, ...]) -> x509.KeyUsage:
    """Write a key usage extension."""
    return x509.KeyUsage(**{usage: usage in usages for usage in USAGES})


def extension(value: x509.ExtensionType, critical: bool) -> x509.Extension[x509.ExtensionType]:
    """Put a value and its criticality together."""
    return x509.Extension(value.oid, critical, value)
