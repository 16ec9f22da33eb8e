#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_install
short_description: Make an issued certificate, or the version before, the one that a workload uses
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Puts a certificate beside the one in use, together with the key that waits for it, see
    M(fleet.rolesanywhere.certificate_request). Then proves the new pair with one CreateSession and switches to it by
    one rename, so that a reader finds the old pair or the new one and never a mixture.
  - Before that it compares certificate and key, and refuses a CA's certificate, one without digitalSignature, one that
    is not valid now, and a chain that is out of order or holds a root.
  - A pair that AWS refuses is removed. When nobody can tell (no answer, throttled, an error of the service) it stays
    where it is and the task fails; the next run takes it up again, without a new certificate. In both cases the pair
    that was in use still is.
  - Directories and files get their mode, O(group) and SELinux context in any case. They belong to the user who runs
    this; a directory has the mode 0750, certificate and chain 0640, and the private key 0640 with a O(group) and 0400
    without. None of this can be chosen, since the key's secrecy rests on it.
  - A version before the one in use is kept for the way back. Its private key is removed when it has expired, at the
    next run of this module.
options:
  state:
    description:
      - V(present), the O(certificate) is in use.
      - V(previous), a version that was kept is in use again. One that expired or lost its key is refused, and by the
        proof one that was revoked, which the host cannot know.
    type: str
    choices: [present, previous]
    default: present
  certificate:
    description:
      - The certificate in PEM form. It may be empty in check mode only, where none was issued yet.
      - Required with O(state=present).
    type: str
  serial:
    description:
      - With O(state=previous), the serial number in hex of the version to go back to, see
        M(fleet.rolesanywhere.certificate_info).
      - By default the version before the one in use, so that each run goes back by one.
    type: str
  chain:
    description:
      - The intermediate certificates in PEM form from the issuer up, without a root. Empty when the trust anchor holds
        the issuer.
    type: str
    default: ''
  prove:
    description:
      - Whether the new pair must get a session before it is used.
      - O(trust_anchor_arn), O(profile_arn) and O(role_arn) are needed for that.
    type: bool
    default: true
  keep:
    description:
      - How many pairs are kept, the one in use counted.
    type: int
    default: 3
  compromised:
    description:
      - Whether the private keys before the new one may be known to others. Then the kept versions lose theirs at once,
        and there is no way back. What the certificates of those keys may do ends with their revocation only, see
        M(fleet.rolesanywhere.ca_revoke).
    type: bool
    default: false
  hold:
    description:
      - The task takes at least so many seconds when it made a CreateSession, counted from its start. AWS takes ten
        calls a second; this leaves some of them to the hosts at work while many hosts are rolled out.
    type: float
    default: 0
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._workload
  - fleet.rolesanywhere._workload_group
  - fleet.rolesanywhere._session_target
  - fleet.rolesanywhere._selinux
attributes:
  diff_mode:
    details:
      - The serial numbers of the certificate in use and of the versions that lose their private key.
  idempotent:
    support: partial
    details:
      - A certificate that is already in use is not proved again.
      - With O(state=previous) and without O(serial) each run goes back by one version.
notes:
  - Check mode makes no CreateSession.
seealso:
  - module: fleet.rolesanywhere.certificate_request
  - module: fleet.rolesanywhere.session_check
"""

EXAMPLES = r"""
- name: Switch to the new certificate
  fleet.rolesanywhere.certificate_install:
    name: web
    group: web
    certificate: "{{ issued.certificates[inventory_hostname].web.certificate }}"
    chain: "{{ issued.chain }}"
    trust_anchor_arn: arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/01234567-89ab-cdef-0123-456789abcdef
    profile_arn: arn:aws:rolesanywhere:us-east-1:123456789012:profile/01234567-89ab-cdef-0123-456789abcdef
    role_arn: arn:aws:iam::123456789012:role/web

- name: Go back to the version before
  fleet.rolesanywhere.certificate_install:
    name: web
    group: web
    state: previous
    trust_anchor_arn: arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/01234567-89ab-cdef-0123-456789abcdef
    profile_arn: arn:aws:rolesanywhere:us-east-1:123456789012:profile/01234567-89ab-cdef-0123-456789abcdef
    role_arn: arn:aws:iam::123456789012:role/web
"""

RETURN = r"""
serial:
  description: The serial number of the certificate in hex; empty when none was given in check mode.
  type: str
  returned: success
path:
  description: The certificate file as readers should name it, through C(current).
  type: str
  returned: success
previous_serial:
  description: The serial number of the certificate that was in use before, V(null) without one.
  type: str
  returned: success
outcome:
  description:
    - V(proved), it is in use now and got a session before.
    - V(unproved), it is in use now without a proof, because of O(prove=false) or in check mode.
    - V(unchanged), it was in use already.
    - V(refused), AWS refused it and the task failed. A new one was removed.
    - V(undecided), nobody can tell and the task failed. A new one waits for the next run.
  type: str
  returned: success, and when the proof failed
removed_keys:
  description: The serial numbers of the kept versions that lost their private key.
  type: list
  elements: str
  returned: success
session:
  description: The session that proved it. Its credentials are not returned.
  type: dict
  returned: when RV(outcome) is V(proved)
  contains:
    assumed_role_arn:
      description: The ARN of the session.
      type: str
      sample: arn:aws:sts::123456789012:assumed-role/web/5f0c3a2432f8c5fec93f0fc574f11853
    expiration:
      description: When the session ends.
      type: str
      sample: '2026-11-20T11:00:00Z'
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.argument_specs import (
    SELINUX,
    SESSION_TARGET,
    WORKLOAD,
    WORKLOAD_GROUP,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.install import (
    Care,
    Installation,
    Unproved,
    install,
    predict,
    read_issued,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.ownership import group_number
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.roll_back import (
    predict_roll_back,
    roll_back,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.selinux import label_with
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.session_target import session_target
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pair import CERTIFICATE
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import iso_time


def run(module: AnsibleModule) -> dict[str, Any]:
    """Install the certificate, and take the time that was asked for when AWS was."""
    started = time.monotonic()
    options = module.params
    try:
        installation = _install(module)
    except Unproved as error:
        _hold(started, options["hold"])
        module.fail_json(msg=str(error), outcome="refused" if error.refused else "undecided")
    if installation.session:
        _hold(started, options["hold"])
    return _result(options, installation)


def _install(module: AnsibleModule) -> Installation:
    options, check_mode = module.params, module.check_mode
    place = workload(options["directory"], options["name"])
    care = Care(
        keep=options["keep"],
        group=group_number(options["group"]),
        compromised=options["compromised"],
        label=label_with(module, options),
    )
    target = session_target(**{name: options[name] for name in SESSION_TARGET}) if options["prove"] else None
    if options["state"] == "previous":
        if options["compromised"]:
            raise HostError("compromised goes with a new certificate, not with the way back; take state=present.")
        if check_mode:
            return predict_roll_back(place, options["serial"], care)
        return roll_back(place, options["serial"], target, care)
    if check_mode and not options["certificate"].strip():
        return predict(place, None, care)
    issued = read_issued(options["certificate"], options["chain"])
    if check_mode:
        return predict(place, issued, care)
    return install(place, issued, target, care)


def _hold(started: float, seconds: float) -> None:
    time.sleep(max(0, started + seconds - time.monotonic()))


def _result(options: dict[str, Any], installation: Installation) -> dict[str, Any]:
    session = installation.session
    is_new = installation.serial != installation.previous_serial
    place = workload(options["directory"], options["name"])
    result = {
        "changed": installation.changed,
        "serial": installation.serial,
        "path": f"{place.current}/{CERTIFICATE}",
        "previous_serial": installation.previous_serial,
        "outcome": "proved" if session else "unproved" if is_new else "unchanged",
        "removed_keys": installation.removed_keys,
        "diff": {
            "before": {"serial": installation.previous_serial, "removed_keys": []},
            "after": {"serial": installation.serial, "removed_keys": installation.removed_keys},
        },
    }
    if session:
        expiration = iso_time(session.expiration)
        result["session"] = {"assumed_role_arn": session.assumed_role_arn, "expiration": expiration}
    return result


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **WORKLOAD,
            **WORKLOAD_GROUP,
            **SESSION_TARGET,
            **SELINUX,
            "state": {"type": "str", "choices": ["present", "previous"], "default": "present"},
            "certificate": {"type": "str"},
            "serial": {"type": "str"},
            "chain": {"type": "str", "default": ""},
            "prove": {"type": "bool", "default": True},
            "keep": {"type": "int", "default": 3},
            "compromised": {"type": "bool", "default": False},
            "hold": {"type": "float", "default": 0},
        },
        required_if=[
            ("state", "present", ("certificate",)),
            ("prove", True, ("trust_anchor_arn", "profile_arn", "role_arn")),
        ],
        mutually_exclusive=[("certificate", "serial")],
        supports_check_mode=True,
    )
    answer(module, run, HostError, SessionError)


if __name__ == "__main__":
    main()
