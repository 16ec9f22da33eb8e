#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module subject_info: who came with a certificate."""

from __future__ import annotations

DOCUMENTATION = r"""
module: subject_info
short_description: Look who came to IAM Roles Anywhere
version_added: 0.1.0
description:
  - Returns the subjects of an account in a region. AWS keeps one for each subject name that a certificate under a
    trust anchor came with, with the certificates, also of attempts that failed.
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
extends_documentation_fragment:
  - fleet.rolesanywhere._aws_info
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
requirements:
  - cryptography
options:
  subject:
    description:
      - The X.509 name of those to look at, as AWS writes it. C(*) stands for any characters, C(?) for one of any kind,
        C([abc]) for one of these.
    type: str
  seen_within:
    description:
      - Only those that came in the last so many days.
    type: int
  failed_only:
    description:
      - Only those with a certificate with which the last attempt failed. All of their certificates are returned.
      - One request a second is made for each that is left by O(subject) and O(seen_within).
    type: bool
    default: false
  include_certificates:
    description:
      - Whether to return the certificates with which each came.
      - One request a second is made for each that is left by O(subject) and O(seen_within).
    type: bool
    default: true
notes:
  - The caller needs C(rolesanywhere:ListSubjects), except with O(id); C(rolesanywhere:GetSubject) with O(id),
    O(failed_only=true) or O(include_certificates=true); and C(rolesanywhere:ListTagsForResource) with
    O(include_tags=true).
seealso:
  - module: fleet.rolesanywhere.crl
  - module: fleet.rolesanywhere.trust_anchor
"""

EXAMPLES = r"""
- name: Look who was refused this week
  fleet.rolesanywhere.subject_info:
    seen_within: 7
    failed_only: true
    region: eu-central-1
  register: refused

- name: Look when the web servers were seen last
  fleet.rolesanywhere.subject_info:
    subject: "*CN=web*"
    include_certificates: false
    region: eu-central-1
  register: seen
"""

RETURN = r"""
subjects:
  description: The subjects.
  returned: success
  type: list
  elements: dict
  contains:
    subject_id:
      description: UUID of the subject.
      returned: always
      type: str
      sample: 6c7d2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    subject_arn:
      description: ARN of the subject.
      returned: always
      type: str
      sample: arn:aws:rolesanywhere:eu-central-1:123456789012:subject/6c7d2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    x509_subject:
      description: The name that its certificates have.
      returned: always
      type: str
      sample: CN=web1,OU=web
    enabled:
      description: Whether AWS lets it in. Nothing can change that.
      returned: always
      type: bool
      sample: true
    last_seen_at:
      description: When it came last, let in or not.
      returned: always
      type: str
      sample: "2026-11-20T10:00:00Z"
    created_at:
      description: When it came first.
      returned: always
      type: str
      sample: "2026-11-20T10:00:00Z"
    updated_at:
      description: When AWS last noted something of it.
      returned: always
      type: str
      sample: "2026-11-20T10:00:00Z"
    certificates:
      description: The certificates with which it came, the last one first.
      returned: with O(include_certificates=true)
      type: list
      elements: dict
      contains:
        serial:
          description: The serial number in lower-case hexadecimal of even length, or in AWS's words if the certificate
            cannot be read.
          returned: always
          type: str
          sample: 4b1f6a0c2d3e4f5061728394a5b6c7d8
        issuer:
          description: The name of the CA in the notation of RFC 4514, or in AWS's words if the certificate cannot be
            read.
          returned: always
          type: str
          sample: CN=Example Issuing CA G1
        not_after:
          description: When it ends; null if the certificate cannot be read.
          returned: always
          type: str
          sample: "2026-12-20T10:00:00Z"
        fingerprint:
          description: The SHA-256 of the certificate in hexadecimal; null if the certificate cannot be read.
          returned: always
          type: str
          sample: 5e6e5c3a1f0b4d2c8a7e9b6d1c0f3a2b4d5c6e7f8091a2b3c4d5e6f708192a3b
        seen_at:
          description: When it was seen last.
          returned: always
          type: str
          sample: "2026-11-20T10:00:00Z"
        failed:
          description: Whether the last attempt with it failed.
          returned: always
          type: bool
          sample: false
        certificate:
          description: The certificate in PEM.
          returned: always
          type: str
    instance_properties:
      description: What it said of itself, as C(properties), with C(seen_at) and C(failed) of that attempt.
      returned: with O(include_certificates=true)
      type: list
      elements: dict
    tags:
      description: The subject's tags.
      returned: with O(include_tags=true)
      type: dict
      sample: {"team": "platform"}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import info, subjects
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import library
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Look, and describe what is there."""
    library.check()
    return {"changed": False, "subjects": subjects.look(Service.of(module), module.params)}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            **info.ARGUMENTS,
            "subject": {"type": "str"},
            "seen_within": {"type": "int"},
            "failed_only": {"type": "bool", "default": False},
            "include_certificates": {"type": "bool", "default": True},
        },
        mutually_exclusive=[("id", "subject")],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError, CertificateError)


if __name__ == "__main__":
    main()
