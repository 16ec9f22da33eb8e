# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a CA of AWS Private CA is found, asked and made."""

from __future__ import annotations


class ModuleDocFragment:
    """The option is private_ca in PROVIDER of module_utils/_ca/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  private_ca:
    description:
      - The CA of AWS Private CA, needed with O(provider=private_ca).
      - That needs boto3 on the CA host, and the rights that the guide on certificate authorities lists. Without keys or
        profile the credentials are those that any AWS program on that host finds.
      - One and the same set of these options serves all modules; M(fleet.rolesanywhere.ca) alone looks at those with
        which a CA is made.
    type: dict
    suboptions:
      arn:
        description: The ARN of the CA. Exactly one of O(private_ca.arn) and O(private_ca.name) is needed.
        type: str
      name:
        description:
          - The value of the tag C(fleet.rolesanywhere:ca), with which M(fleet.rolesanywhere.ca) makes a CA and finds it
            again.
          - Looking for it takes a request for each CA of the account and region; the ARN takes none.
        type: str
      region:
        description: The region of the CA. By default that of the ARN, else that of the profile or the environment.
        type: str
      profile:
        description: A profile of the AWS configuration on the CA host.
        type: str
      endpoint_url:
        description: Another address of AWS Private CA and Amazon S3, such as that of a test.
        type: str
      access_key:
        description: The ID of an access key.
        type: str
      secret_key:
        description: The secret access key.
        type: str
      session_token:
        description: The session token that belongs to temporary keys.
        type: str
      template_arn:
        description:
          - Another template for the certificates of workloads than
            C(BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough/V1). It must end in
            C(_APIPassthrough/V1), since nothing but the key is taken from a request.
        type: str
      requests_per_second:
        description:
          - How many certificates are asked for in a second. AWS allows 25 for the whole account and region, unless the
            quota was raised.
        type: float
        default: 25
      timeout:
        description: How many seconds, at most 540, AWS is given to make what it was asked for.
        type: int
        default: 120
      type:
        description:
          - Counts only when M(fleet.rolesanywhere.ca) makes the CA.
          - With V(subordinate) its certificate is signed by O(private_ca.root_arn), else by a root that is made in
            O(directory), whose key may be taken away afterwards.
          - With V(root) it signs its own certificate. A trust anchor that holds a root trusts every CA that it will
            ever sign.
        type: str
        choices: [subordinate, root]
        default: subordinate
      usage_mode:
        description:
          - Counts only when M(fleet.rolesanywhere.ca) makes the CA.
          - With V(short_lived_certificate) AWS signs certificates for at most seven days, and the CA costs less.
        type: str
        choices: [general_purpose, short_lived_certificate]
        default: general_purpose
      root_arn:
        description: A root in AWS Private CA, of the same account and region, that signs the new CA's certificate.
        type: str
      crl_bucket:
        description:
          - The S3 bucket that AWS Private CA writes the CRL to, complete and not readable by the public. Its policy
            must let C(acm-pca.amazonaws.com) do so.
          - Without it the module leaves alone what the CA does about revocation.
        type: str
      crl_expiration:
        description: How many days a CRL in O(private_ca.crl_bucket) is valid.
        type: int
        default: 45
      allow_cost:
        description:
          - Whether M(fleet.rolesanywhere.ca) may make a CA, for which AWS bills by the month until it is deleted.
        type: bool
        default: false
"""
