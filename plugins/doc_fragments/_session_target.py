# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session is asked for with."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are SESSION_TARGET of module_utils/_host/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  trust_anchor_arn:
    description:
      - The ARN of the trust anchor, C(arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID).
    type: str
  profile_arn:
    description:
      - The ARN of the Roles Anywhere profile, C(arn:aws:rolesanywhere:REGION:ACCOUNT:profile/ID). It must be of the
        same account and region as the trust anchor.
    type: str
  role_arn:
    description:
      - The ARN of the IAM role, C(arn:aws:iam::ACCOUNT:role/NAME).
    type: str
  region:
    description:
      - The AWS region. By default the trust anchor's, and it can be no other.
    type: str
  endpoint_url:
    description:
      - Where Roles Anywhere answers, instead of AWS's own endpoint of the region.
      - It is an C(https) URL; C(http) is taken for addresses of the machine itself only.
    type: str
"""
