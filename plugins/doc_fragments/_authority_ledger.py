# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the ledger is."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are LEDGER of module_utils/_ca/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  ledger:
    description:
      - Where the ledger is. With V(sqlite) it is a file in O(directory).
      - With V(dynamodb) it is a table in Amazon DynamoDB, for several controllers that share a CA. Each of them has the
        same O(directory), without the ledger. It needs boto3 on the CA host.
    type: str
    choices: [sqlite, dynamodb]
    default: sqlite
  dynamodb:
    description: The table, and how it is reached. Needed with O(ledger=dynamodb).
    type: dict
    suboptions:
      table:
        description: The name of the table. M(fleet.rolesanywhere.ca) makes it.
        type: str
        required: true
      region:
        description: The AWS region. When left out, boto3 finds one as the AWS CLI does.
        type: str
      profile:
        description: The profile of the AWS config file to take credentials from. Not together with the keys.
        type: str
      endpoint_url:
        description: Another address of DynamoDB, such as that of a VPC endpoint.
        type: str
      access_key:
        description: The access key ID. Without one boto3 finds credentials as the AWS CLI does.
        type: str
      secret_key:
        description: The secret access key.
        type: str
      session_token:
        description: The session token that belongs to temporary keys.
        type: str
"""
