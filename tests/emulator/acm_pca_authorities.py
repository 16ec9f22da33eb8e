# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on certificate authorities, from their creation to their deletion (reference §8.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from . import acm_pca_crl_configuration
from .acm_pca_algorithms import digest, make_key
from .acm_pca_call import Call, change_status, check_status, find, once, page
from .acm_pca_certificates import pem
from .acm_pca_errors import PrivateCaError
from .acm_pca_names import distinguished_name
from .acm_pca_ripening import Ripening
from .acm_pca_state import PrivateCa

LONGEST_RESTORATION = 30  # days
_SWITCHABLE = ("ACTIVE", "DISABLED")


def create(call: Call) -> dict[str, Any]:
    """CreateCertificateAuthority."""
    return {"CertificateAuthorityArn": once(call, lambda: _create(call), "CreateCertificateAuthority")}


def describe(call: Call) -> dict[str, Any]:
    """DescribeCertificateAuthority."""
    return {"CertificateAuthority": _described(find(call))}


def list_all(call: Call) -> dict[str, Any]:
    """ListCertificateAuthorities; none is shared by another account."""
    mine = call.values.get("ResourceOwner", "SELF") == "SELF"
    authorities, token = page(call, list(call.private_cas.authorities.values()) if mine else [])
    return {"CertificateAuthorities": [_described(authority) for authority in authorities], "NextToken": token}


def update(call: Call) -> dict[str, Any]:
    """UpdateCertificateAuthority: what is left out stays as it is."""
    authority = find(call)
    check_status(authority, *_SWITCHABLE)
    status = call.values.get("Status", authority.status)
    if status not in _SWITCHABLE:
        raise PrivateCaError("InvalidArgsException", f"A certificate authority cannot be made {status}.")
    if "RevocationConfiguration" in call.values:
        authority.revocation_configuration = acm_pca_crl_configuration.read(
            call.values["RevocationConfiguration"], call.account, call.partition, authority.arn
        )
    change_status(call, authority, status)
    return {}


def delete(call: Call) -> dict[str, Any]:
    """DeleteCertificateAuthority: it can be restored for a while if it ever had a key."""
    authority = find(call)
    check_status(authority, "CREATING", "PENDING_CERTIFICATE", "DISABLED", "EXPIRED", "FAILED")
    days = call.values.get("PermanentDeletionTimeInDays", LONGEST_RESTORATION)
    authority.status_before_deletion = authority.status
    authority.restorable_until = None if authority.status == "CREATING" else call.now + timedelta(days=days)
    change_status(call, authority, "DELETED")
    return {}


def restore(call: Call) -> dict[str, Any]:
    """RestoreCertificateAuthority."""
    authority = find(call)
    check_status(authority, "DELETED")
    if authority.restorable_until is None or authority.restorable_until <= call.now:
        raise PrivateCaError("InvalidStateException", f"The certificate authority {authority.arn} is gone for good.")
    authority.restorable_until = None
    change_status(call, authority, authority.status_before_deletion)
    return {}


def get_csr(call: Call) -> dict[str, Any]:
    """GetCertificateAuthorityCsr: there is none as long as the key is in the making."""
    authority = find(call)
    if authority.status == "CREATING":
        raise PrivateCaError("RequestInProgressException", "The certificate authority is being created.")
    check_status(authority, "PENDING_CERTIFICATE", "ACTIVE", "DISABLED", "EXPIRED")
    builder = x509.CertificateSigningRequestBuilder(authority.subject)
    algorithm = digest(authority.configuration["SigningAlgorithm"], authority.private_key)
    return {"Csr": builder.sign(authority.private_key, algorithm).public_bytes(Encoding.PEM).decode()}


def get_certificate(call: Call) -> dict[str, Any]:
    """GetCertificateAuthorityCertificate; whether a disabled CA shows it is not documented: it does not here."""
    authority = find(call)
    check_status(authority, "ACTIVE")
    chain = "\n".join(pem(certificate) for certificate in authority.chain)
    return {"Certificate": authority.certificate and pem(authority.certificate), "CertificateChain": chain or None}


def _create(call: Call) -> str:
    values, switches = call.values, call.switches
    configuration = values["CertificateAuthorityConfiguration"]
    private_key = make_key(configuration["KeyAlgorithm"])
    digest(configuration["SigningAlgorithm"], private_key)
    subject = distinguished_name(configuration["Subject"])
    if not list(subject):
        raise PrivateCaError("InvalidArgsException", "A certificate authority needs a subject.")
    arn = call.private_cas.new_arn(f"arn:{call.partition}:acm-pca:{call.region}:{call.account}")
    call.private_cas.authorities[arn] = PrivateCa(
        arn=arn,
        account=call.account,
        region=call.region,
        kind=values["CertificateAuthorityType"],
        usage_mode=values.get("UsageMode", "GENERAL_PURPOSE"),
        key_storage_security_standard=values.get("KeyStorageSecurityStandard", "FIPS_140_2_LEVEL_3_OR_HIGHER"),
        configuration=configuration,
        revocation_configuration=acm_pca_crl_configuration.read(
            values.get("RevocationConfiguration"), call.account, call.partition, arn
        ),
        subject=subject,
        private_key=private_key,
        created_at=call.now,
        changed_at=call.now,
        creation=Ripening.begin(switches.private_ca_creating_looks, switches.private_ca_creating_seconds, call.now),
        tags={tag["Key"]: tag.get("Value", "") for tag in values.get("Tags", [])},
    )
    return arn


def _described(authority: PrivateCa) -> dict[str, Any]:
    certificate = authority.certificate
    return {
        "Arn": authority.arn,
        "OwnerAccount": authority.account,
        "CreatedAt": authority.created_at,
        "LastStateChangeAt": authority.changed_at,
        "Type": authority.kind,
        "Serial": certificate and str(certificate.serial_number),
        "Status": authority.status,
        "NotBefore": certificate and certificate.not_valid_before_utc,
        "NotAfter": certificate and certificate.not_valid_after_utc,
        "CertificateAuthorityConfiguration": authority.configuration,
        "RevocationConfiguration": authority.revocation_configuration,
        "RestorableUntil": authority.restorable_until,
        "KeyStorageSecurityStandard": authority.key_storage_security_standard,
        "UsageMode": authority.usage_mode,
    }
