# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Private CA that the options of the module ca describe, and who signs its certificate.

That is the CA itself if it is a root, else a root in AWS Private CA, else a root of ours in the CA's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, keys, names

from . import creation, making, passphrase, periods, private_ca, private_ca_creation, private_files
from .errors import AuthorityError
from .layout import Layout
from .private_ca_creation import Ensured, Installed, Sign


def ensure(
    parameters: Mapping[str, Any], layout: Layout, now: datetime, warn: Callable[[str], None], *, dry_run: bool
) -> Ensured:
    """Make the CA in AWS unless it is there; the folder is not looked at but for the root that is to sign.

    :param parameters: those of the module ca.
    :param warn: is told of a file with a secret that others may read, and of a CA that ends with its root.
    :raises AuthorityError: it cannot be made.
    :raises CertificateError: a name cannot be one of a CA.
    """
    options = parameters["private_ca"]
    private_ca.check(options)
    service = private_ca.connect(options)
    validity = periods.days("validity", parameters["validity"])
    timeout = options["timeout"]

    def prepare() -> Sign:
        if options["type"] == "root":
            return private_ca_creation.signed_by_itself(service, now + validity, timeout)
        if options["root_arn"]:
            return private_ca_creation.signed_by_private_root(service, options["root_arn"], now + validity, timeout)
        return _signed_by_root_in_folder(parameters, layout, now, warn)

    return private_ca_creation.ensure(
        service,
        _wanted(parameters),
        options["arn"],
        prepare,
        lambda: making.held(layout.directory),
        allow_cost=options["allow_cost"],
        timeout=timeout,
        dry_run=dry_run,
    )


def _wanted(parameters: Mapping[str, Any]) -> private_ca_creation.WantedPrivateCa:
    options, common_name, organization = parameters["private_ca"], parameters["common_name"], parameters["organization"]
    if not options["arn"]:
        if not common_name:
            raise AuthorityError("common_name is missing: give the Private CA a name.")
        names.subject(common_name, organization)
    return private_ca_creation.WantedPrivateCa(
        name=options["name"],
        common_name=common_name,
        organization=organization,
        key_algorithm=private_ca_creation.KEY_ALGORITHMS[parameters["key_type"]],
        kind=options["type"].upper(),
        usage_mode=options["usage_mode"].upper(),
        crl_bucket=options["crl_bucket"],
        crl_expiration=options["crl_expiration"],
    )


def _signed_by_root_in_folder(
    parameters: Mapping[str, Any], layout: Layout, now: datetime, warn: Callable[[str], None]
) -> Sign:
    """Let the root in the CA's folder sign, which is made when it is needed.

    :raises AuthorityError: its key would be unencrypted, or the one in place cannot be opened.
    """
    if not parameters["root_common_name"]:
        raise AuthorityError("root_common_name is missing: give the root a name, or private_ca.root_arn.")
    wanted = creation.WantedAuthority(
        parameters["common_name"],
        parameters["root_common_name"],
        parameters["organization"],
        parameters["key_type"],
        periods.days("root_validity", parameters["root_validity"]),
        periods.days("validity", parameters["validity"]),
    )
    if wanted.subject == wanted.root_subject:
        raise AuthorityError(f"Root and issuing CA are both named {wanted.common_name!r}: give them different names.")
    secret = passphrase.read(parameters, warn)
    if private_files.is_there(layout.root.certificate):
        creation.root_in_place(layout, wanted, secret)
    else:
        creation.check_key_protection(secret, allow_unencrypted_key=parameters["allow_unencrypted_key"])

    def sign(_arn: str, csr: str) -> Installed:
        from cryptography import x509

        request = x509.load_pem_x509_csr(csr.encode())
        root = _root(layout, wanted, secret, now)
        public_key = keys.accepted(request.public_key())
        certificate, warning = making.sign_issuing(request.subject, public_key, wanted.validity, now, root)
        if warning:
            warn(warning)
        return Installed(certificate, certificates.to_pem(root.certificate))

    return sign


def _root(layout: Layout, wanted: creation.WantedAuthority, secret: bytes | None, now: datetime) -> making.Root:
    """Open the root, or make it; the folder is this run's alone by now."""
    if private_files.is_there(layout.root.certificate):
        return creation.root_in_place(layout, wanted, secret)
    creation.check_room(layout)
    with making.staging(layout.directory) as staged:
        root = making.make_root(staged.root, wanted.root_subject, wanted.key_type, wanted.root_validity, now, secret)
        staged.root.folder.rename(layout.root.folder)
    private_files.sync_directory(layout.directory)
    return root
