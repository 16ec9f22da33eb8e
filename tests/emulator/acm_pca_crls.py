# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CRL of a CA: written into the bucket in DER, a while after something was revoked (reference §8.3).

It is written by moto's S3 behind the scenes, as AWS writes it with its own rights.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from .acm_pca_algorithms import digest
from .acm_pca_call import Call
from .acm_pca_ripening import Ripening
from .acm_pca_state import PrivateCa
from .state import partition_of
from .switches import Switches

_REFRESH_AT = 0.5  # of the CRL's life: an invention, the guide says only "prior to" its end


def plan(call: Call, authority: PrivateCa) -> None:
    """Have the next CRL made."""
    if authority.crl_making is None:
        switches = call.switches
        authority.crl_making = Ripening.begin(switches.private_ca_crl_looks, switches.private_ca_crl_seconds, call.now)


def object_key(authority: PrivateCa) -> str:
    """Name the object of a complete CRL."""
    path = authority.revocation_configuration.get("CrlConfiguration", {}).get("CustomPath", "").strip("/")
    return f"{path}/{authority.identifier}.crl" if path else f"crl/{authority.identifier}.crl"


def write_due(authorities: Iterable[PrivateCa], switches: Switches, looked_at: str) -> None:
    """Write the CRLs whose time has come. looked_at: the path of the request at hand, perhaps that of a CRL."""
    now = switches.now()
    for authority in authorities:
        configuration = authority.revocation_configuration.get("CrlConfiguration", {})
        if authority.status != "ACTIVE" or not configuration.get("Enabled"):
            continue
        if authority.crl is not None and _nears_its_end(authority.crl, now):
            authority.crl_making = authority.crl_making or Ripening.begin(0, 0, now)
        making = authority.crl_making
        looked = looked_at.endswith(f"/{object_key(authority)}")
        if making and (making.look(now) if looked else making.is_ripe(now)):
            _write(authority, configuration, now)


def _nears_its_end(crl: x509.CertificateRevocationList, now: datetime) -> bool:
    end = crl.next_update_utc
    return end is not None and now >= crl.last_update_utc + (end - crl.last_update_utc) * _REFRESH_AT


def _write(authority: PrivateCa, configuration: dict[str, Any], now: datetime) -> None:
    """Write one CRL; without its bucket it is tried again."""
    crl = _sign(authority, configuration, now)
    key = object_key(authority)
    if configuration.get("CrlType") == "PARTITIONED":
        key = key.replace(".crl", f"-{uuid.uuid4()}.crl")
    storage = s3_backends[authority.account][partition_of(authority.region)]
    try:
        storage.put_object(configuration["S3BucketName"], key, crl.public_bytes(Encoding.DER))
    except MissingBucket:
        return
    authority.crl, authority.crl_making = crl, None
    authority.crl_number += 1


def _sign(authority: PrivateCa, configuration: dict[str, Any], now: datetime) -> x509.CertificateRevocationList:
    issuer = authority.certificate
    if issuer is None:
        raise AssertionError("a CA without certificate has issued nothing")
    now = now.replace(microsecond=0)
    end = now + timedelta(days=configuration["ExpirationInDays"])
    builder = x509.CertificateRevocationListBuilder(issuer.subject, now, end)
    builder = builder.add_extension(x509.CRLNumber(authority.crl_number + 1), critical=False)
    builder = builder.add_extension(key_identifier(issuer), critical=False)
    if configuration.get("CrlType") == "PARTITIONED":
        point = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
        builder = builder.add_extension(point, critical=True)
    since = authority.crl.last_update_utc if authority.crl else now
    for serial, issued in authority.issued.items():
        # An entry stays for one CRL after the certificate's end (model, CrlConfiguration).
        if issued.revoked_at and issued.certificate.not_valid_after_utc > since:
            entry = x509.RevokedCertificateBuilder(serial, issued.revoked_at.replace(microsecond=0))
            if issued.reason is not x509.ReasonFlags.unspecified:
                entry = entry.add_extension(x509.CRLReason(issued.reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
    algorithm = authority.configuration["SigningAlgorithm"]
    return builder.sign(authority.private_key, digest(algorithm, authority.private_key))


def key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Copy the issuer's subject key identifier, or compute it where it has none."""
    try:
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
