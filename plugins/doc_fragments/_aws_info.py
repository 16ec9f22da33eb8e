# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules trust_anchor_info, profile_info, crl_info and subject_info have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are the ARGUMENTS and the NAME of module_utils/_aws/info.py."""

    DOCUMENTATION = r"""
options:
  id:
    description:
      - UUID or ARN of the only one to look at. The list is empty when there is none.
    type: str
  include_tags:
    description:
      - Whether to read the tags of each. AWS answers that at one request a second.
    type: bool
    default: false
attributes:
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
notes:
  - Without O(id) a list is asked for, one request a page, and no other request unless an option says so. Throttled
    requests are repeated for about a minute; the retries of O(aws_config) replace that.
"""

    NAME = r"""
options:
  name:
    description:
      - The name of those to look at, all of them where several have the same name. The list is empty when there is
        none.
    type: str
"""
