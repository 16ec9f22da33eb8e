# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWS profiles whose credentials come from the helper."""

from __future__ import annotations


class ModuleDocFragment:
    """The option is PROFILES of module_utils/_host/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  profiles:
    description:
      - The AWS profiles, in any number of AWS config files of any number of users.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - The AWS config file, for example V(/home/web/.aws/config).
          - Root writes it with the rights of the user on whose ground it stands. A symbolic link is not followed.
        type: path
        required: true
      profile:
        description:
          - The profile's name, of letters, digits and C(_ . / = + @ , - :). V(default) has the section C([default]),
            others C([profile NAME]).
          - The section belongs to this collection, other settings in it are replaced.
        type: str
        default: default
      helper_path:
        description:
          - The credential helper, M(fleet.rolesanywhere.portable_helper) or AWS's C(aws_signing_helper).
        type: path
        default: /usr/local/bin/rolesanywhere-helper
      directory:
        description:
          - The directory that holds the workloads of this machine.
        type: path
        default: /etc/rolesanywhere
      name:
        description:
          - The workload whose certificate is used.
        type: str
        default: default
      trust_anchor_arn:
        description:
          - The ARN of the trust anchor. Needed unless the profile is to be removed.
        type: str
      profile_arn:
        description:
          - The ARN of the Roles Anywhere profile. Needed unless the profile is to be removed.
        type: str
      role_arn:
        description:
          - The ARN of the IAM role. Needed unless the profile is to be removed.
        type: str
      region:
        description:
          - The AWS region, also the profile's own. By default the trust anchor's, and it can be no other.
        type: str
      endpoint_url:
        description:
          - Where Roles Anywhere answers, instead of AWS's own endpoint of the region.
        type: str
      session_duration:
        description:
          - How long a session lives, in seconds, 900 to 43200. The helper asks for 3600 by default.
        type: int
      role_session_name:
        description:
          - The session's name instead of the certificate's serial number. The Roles Anywhere profile must allow it.
        type: str
      cache_directory:
        description:
          - Where the portable helper keeps its sessions, by default C(~/.cache/rolesanywhere) of the user who calls
            it. AWS's helper does not know this.
        type: path
"""
