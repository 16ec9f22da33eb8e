# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CRLs: which certificates Roles Anywhere refuses although their CA is trusted. Private to the collection."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import arns, info, s3_objects, trust_anchors
from .errors import RolesAnywhereError
from .resources import Kind, Outcome, Resources, Wanted
from .service import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from cryptography.x509 import CertificateRevocationList

    from .service import Service

LOOKS = 5  # at what was published, a second apart, until it stands
MAY_GO = ("expired_serials", "left_out_serials")  # options that name what a new CRL may leave out
NEARLY_FULL = 0.9  # of the size limit, from where a person should know


def facts_of(crl: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a CRL of the service holds, without its bytes; nothing if they cannot be read."""
    revocation_list = _in_place(crl)
    if revocation_list is None:
        return {}
    next_update = revocation_list.next_update_utc
    return {
        "issuer": certificates.describe(revocation_list.issuer),
        "crl_number": _number(revocation_list),
        "this_update": iso(revocation_list.last_update_utc),
        "next_update": iso(next_update) if next_update else None,
        "entries": len(revocation_list),
        "bytes": len(crl["crlData"]),
    }


def _same_list(current: bytes | None, wanted: bytes) -> bool:
    return _in_place({"crlData": current}) == revocation_lists.load(wanted)


def _readable(crl: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**{member: value for member, value in crl.items() if member != "crlData"}, **facts_of(crl)}


KIND = Kind(
    arns.CRL,
    member="crl",
    create="ImportCrl",
    comparisons={"crlData": _same_list},
    readable=_readable,
    facts=facts_of,
)


def ensure(crls: Resources, options: Mapping[str, Any], check_mode: bool) -> tuple[Outcome, list[str]]:
    """Make a CRL what the module's options say; return what was done and what a person should know.

    Raises RolesAnywhereError, and CertificateError for bytes that are no CRL.
    """
    given = None if options["state"] == "absent" else given_list(crls.service, options)
    may_go = {number for option in MAY_GO for number in serial_numbers(option, options[option] or [])}
    anchor_arn = options["trust_anchor_arn"]
    if anchor_arn is not None:
        arns.parse_local("trust_anchor_arn", anchor_arn, arns.TRUST_ANCHOR, crls.service.region)
    wanted = Wanted.of(options, wanted_members(given, anchor_arn))
    current = crls.find(options["name"], options["id"])
    if options["state"] == "absent":
        return crls.delete(current, check_mode), []
    if current is None:
        needed = {"trustAnchorArn": "trust_anchor_arn", "crlData": "crl, crl_path or s3_uri"}
        crls.check_creatable(wanted, options["id"], needed)
        if given is not None and not options["force"]:
            _check_fit(crls, anchor_arn, given)
        outcome = crls.create(wanted, check_mode)
        published = True
    else:
        check_anchor(current, anchor_arn)
        current = crls.with_tags(current, wanted)
        changes = crls.changes(current, wanted)
        if given is not None and "crlData" in changes.members and not options["force"]:
            _check_fit(crls, current["trustAnchorArn"], given)  # first: force is no advice for somebody else's CRL
            check_forward(_in_place(current), given, may_go)
        outcome = crls.update(current, changes, check_mode)
        published = "crlData" in changes.members
    if given is not None and published and outcome.after is not None and not check_mode:
        outcome = replace(outcome, after={**outcome.after, **_read_back(crls, outcome.after, given)})
    return outcome, warnings_about(outcome.after, datetime.now(timezone.utc))


def _read_back(crls: Resources, published: Mapping[str, Any], given: CertificateRevocationList) -> Mapping[str, Any]:
    """Return what the service has once it is the CRL that was given, or a newer one. Raises RolesAnywhereError.

    That a revocation is in force is said to people on the strength of it, so that no answer to a write is enough.
    """
    for look_number in range(LOOKS):
        if look_number:
            time.sleep(1)
        found = crls.read(crls.id_of(published))
        if stands(_in_place(found), given):
            return found
    raise RolesAnywhereError(
        f"AWS took the CRL {published['name']!r}, but goes on showing another one: run again, and do not count on its "
        "revocations until that is green."
    )


def stands(current: CertificateRevocationList | None, given: CertificateRevocationList) -> bool:
    """Say whether the CRL that was given is in place, or one with a higher number that another run has published."""
    if current is None or current.issuer != given.issuer:
        return False
    number, given_number = _number(current), _number(given)
    return current == given or (number is not None and given_number is not None and number > given_number)


def look(crls: Resources, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what crl_info is asked for. Raises RolesAnywhereError."""
    anchor_arn = options["trust_anchor_arn"]
    if anchor_arn is not None:
        arns.parse_local("trust_anchor_arn", anchor_arn, arns.TRUST_ANCHOR, crls.service.region)
    return info.look(
        crls, options, asked_for=lambda crl: anchor_arn in (None, crl["trustAnchorArn"]), details=_revoked_serials
    )


def _revoked_serials(crl: Mapping[str, Any]) -> dict[str, Any]:
    revocation_list = _in_place(crl)
    if revocation_list is None:
        return {}
    return {
        "revoked_serials": [certificates.serial_hex(serial) for serial in revocation_lists.revocations(revocation_list)]
    }


def given_list(service: Service, options: Mapping[str, Any]) -> CertificateRevocationList | None:
    """Read the CRL of a module's options, PEM or DER. Raises CertificateError or RolesAnywhereError."""
    if options["crl"] is not None:
        return revocation_lists.load(options["crl"])
    if options["s3_uri"] is not None:
        # DER is the shorter of the two, so that nothing larger can become PEM that is small enough.
        return revocation_lists.load(s3_objects.read(service, "s3_uri", options["s3_uri"], revocation_lists.SIZE_LIMIT))
    path = options["crl_path"]
    if path is None:
        return None
    try:
        return revocation_lists.load(Path(path).read_bytes())
    except OSError as error:
        raise RolesAnywhereError(f"crl_path: {path} cannot be read: {error}.") from error


def wanted_members(given: CertificateRevocationList | None, anchor_arn: str | None) -> dict[str, Any]:
    """Write the options that are set as the service takes them: always PEM. Raises RolesAnywhereError."""
    members: dict[str, Any] = {}
    if given is not None:
        pem = revocation_lists.to_pem(given)
        revocation_lists.check_size(pem)
        members["crlData"] = pem.encode()
    if anchor_arn is not None:
        members["trustAnchorArn"] = anchor_arn
    return members


def check_anchor(current: Mapping[str, Any], anchor_arn: str | None) -> None:
    """Refuse to move a CRL to another trust anchor, for which the service has no call."""
    if anchor_arn not in (None, current["trustAnchorArn"]):
        raise RolesAnywhereError(
            f"The CRL {current['name']!r} belongs to {current['trustAnchorArn']} for good and cannot go over to "
            f"{anchor_arn}: give it another name, or delete it first."
        )


def serial_numbers(option: str, texts: Iterable[str]) -> set[int]:
    """Read the serial numbers of an option, which are in hexadecimal. Raises RolesAnywhereError."""
    numbers = set()
    for text in texts:
        if not re.fullmatch("[0-9a-fA-F]+", text):
            raise RolesAnywhereError(f"{option}: {text!r} is not a serial number in hexadecimal.")
        numbers.add(int(text, 16))
    return numbers


def check_forward(
    current: CertificateRevocationList | None, given: CertificateRevocationList, may_go: Set[int]
) -> None:
    """Refuse a CRL that would give access back. Raises RolesAnywhereError.

    may_go: serial numbers that can be left out, since they have expired or find no room; a CRL does not say which.
    """
    if current is None:
        return
    current_number, number = _number(current), revocation_lists.number(given)
    if current_number is not None and number < current_number:
        raise RolesAnywhereError(
            f"The CRL in place has the number {current_number}, this one {number}: give a newer one, "
            "or set force to go back."
        )
    dropped = sorted(set(revocation_lists.revocations(current)) - set(revocation_lists.revocations(given)) - may_go)
    if dropped:
        shown = ", ".join(certificates.serial_hex(serial) for serial in dropped[:3])
        more = ", ..." if len(dropped) > 3 else ""
        raise RolesAnywhereError(
            f"This CRL no longer lists {len(dropped)} of the certificates that are revoked now ({shown}{more}): "
            "give one that does, name those that have expired in expired_serials, or set force."
        )


def warnings_about(crl: Mapping[str, Any] | None, now: datetime) -> list[str]:
    """Return what will go wrong with a CRL of the service."""
    revocation_list = _in_place(crl or {})
    if crl is None or revocation_list is None:
        return []
    warnings = []
    if revocation_list.next_update_utc is not None and revocation_list.next_update_utc <= now:
        due = iso(revocation_list.next_update_utc)
        warnings.append(
            f"The CRL should have been replaced by {due}: publish a new one, AWS does not say how it treats an old one."
        )
    size = len(crl["crlData"])
    if size >= NEARLY_FULL * revocation_lists.SIZE_LIMIT:
        warnings.append(
            f"The CRL has {size} of the {revocation_lists.SIZE_LIMIT} bytes that Roles Anywhere takes: move the fleet "
            "to a new issuing CA, whose CRL begins anew, before the next certificates cannot be revoked."
        )
    return warnings


def _in_place(crl: Mapping[str, Any]) -> CertificateRevocationList | None:
    """Read the CRL that the service has; None for bytes that it took although they are no CRL."""
    try:
        return revocation_lists.load(crl["crlData"]) if crl.get("crlData") else None
    except CertificateError:
        return None


def _number(crl: CertificateRevocationList) -> int | None:
    try:
        return revocation_lists.number(crl)
    except CertificateError:
        return None


def _check_fit(crls: Resources, anchor_arn: str, given: CertificateRevocationList) -> None:
    """Refuse a CRL that means nothing to this anchor; AWS Private CA is asked for the certificate of its own."""
    revocation_lists.check_complete(given)
    anchors = Resources(crls.service, trust_anchors.KIND)
    try:
        anchor = anchors.read(arns.parse("trust_anchor_arn", anchor_arn, arns.TRUST_ANCHOR).resource_id)
    except NotFoundError as error:
        raise RolesAnywhereError(
            f"trust_anchor_arn: these credentials find no trust anchor {anchor_arn}: it was deleted, or is of another "
            "account."
        ) from error
    bundle = trust_anchors.certificates_of(crls.service, anchor)
    if not bundle:
        return
    try:
        revocation_lists.check_signed_by(given, bundle)
    except CertificateError as error:
        names = trust_anchors.names_of(bundle)
        raise RolesAnywhereError(
            f"The CRL of {certificates.describe(given.issuer)} is not signed by a certificate of the trust anchor "
            f"{anchor['name']!r} ({names}): give that CA's own CRL, or set force to import it all the same."
        ) from error
