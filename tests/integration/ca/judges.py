# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two judges that share nothing with the collection: pkilint, called as its own programs do, and openssl.

They say what they object to; an empty list is a good word. Of pkilint's findings warnings count like errors.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pkilint import loader, pkix
from pkilint.pkix import certificate, crl, extension, name
from pkilint.validation import ValidationFindingSeverity

LARGE_BATCH = 3


def objections_to_result(module: str, result: Mapping[str, Any]) -> list[str]:
    """Return what pkilint finds in the certificates and the CRL that a module has made; of a large batch in three."""
    made = []
    if module == "ca_issue":
        answers = [answer for by_name in result.get("certificates", {}).values() for answer in by_name.values()]
        made = [answer["certificate"] for answer in answers if "certificate" in answer][:LARGE_BATCH]
    elif module == "ca" and result.get("changed"):
        made = [result[member] for member in ("certificate", "root_certificate") if result.get(member)]
    objections = [objection for pem in made for objection in objections_to_certificate(pem)]
    if module in ("ca", "ca_crl") and result.get("crl"):
        objections += objections_to_crl(result["crl"])
    return objections


def objections_to_certificate(pem: str) -> list[str]:
    """Return what pkilint finds in a certificate under RFC 5280."""
    document = loader.RFC5280CertificateDocumentLoader().load_pem_document(pem, "certificate")
    return _findings(_certificate_linter()(document.root))


def objections_to_crl(pem: str) -> list[str]:
    """Return what pkilint finds in a CRL under RFC 5280."""
    document = loader.RFC5280CertificateListDocumentLoader().load_pem_document(pem, "CRL")
    return _findings(_crl_linter()(document.root))


def objections_to_chain(leaves: Iterable[Path], issuing: Path, *more: str | Path) -> list[str]:
    """Return what openssl says about certificates that a CA is to have issued, by its strict rules."""
    command = ["openssl", "verify", "-x509_strict", "-partial_chain", "-trusted", issuing, *more, *leaves]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    return ran.stderr.splitlines() if ran.returncode else []


def _findings(results: Iterable[Any]) -> list[str]:
    return [
        f"{description.finding.severity.name} {description.finding.code} at {result.node.path}: {description.message}"
        for result in results
        for description in result.finding_descriptions
        if description.finding.severity <= ValidationFindingSeverity.WARNING and not _is_spiffe(description)
    ]


def _is_spiffe(description: Any) -> bool:
    """pkilint has a list of URI schemes without ``spiffe``, which is registered at IANA and what workloads use."""
    return description.finding.code == "pkix.invalid_uri_syntax" and '"spiffe://' in description.message


@functools.cache
def _certificate_linter() -> Callable[[Any], list[Any]]:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    ).validate


@functools.cache
def _crl_linter() -> Callable[[Any], list[Any]]:
    return crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    ).validate
