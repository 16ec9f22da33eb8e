# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules trust_anchor, profile and crl have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are the ARGUMENTS of module_utils/_aws/resources.py."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name to find or create it by; with O(id), the name that it gets.
      - Up to 255 letters, digits, spaces, hyphens and underscores.
      - AWS does not keep names unique. Where several have the same name, the module says so and wants O(id).
    type: str
  id:
    description:
      - UUID or ARN of one that exists.
    type: str
  state:
    description:
      - Whether it exists.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Options that are left out leave an existing one as it is.
  - AWS answers one request a second for trust anchors, for profiles, for CRLs and for tags. A task that finds nothing
    to change makes one request, and one more only if O(tags) is set; throttled requests are repeated for about a
    minute. The retries of O(aws_config) replace that.
"""
