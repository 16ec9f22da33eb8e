# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written for a profile, and what is refused before."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.aws_profile import aws_profile, by_file
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError

ID = "01234567-89ab-4def-8123-456789abcdef"
OPTIONS = {
    "path": "/home/web/.aws/config",
    "profile": "web",
    "helper_path": "/usr/local/bin/rolesanywhere-helper",
    "directory": "/etc/rolesanywhere",
    "name": "web",
    "trust_anchor_arn": f"arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/{ID}",
    "profile_arn": f"arn:aws:rolesanywhere:eu-central-1:123456789012:profile/{ID}",
    "role_arn": "arn:aws:iam::123456789012:role/web",
    "region": None,
    "endpoint_url": None,
    "session_duration": None,
    "role_session_name": None,
    "cache_directory": None,
}
COMMAND = (
    "/usr/local/bin/rolesanywhere-helper credential-process"
    " --certificate /etc/rolesanywhere/web/current/certificate.pem"
    " --private-key /etc/rolesanywhere/web/current/private-key.pem"
    " --intermediates /etc/rolesanywhere/web/current/chain.pem"
    f" --trust-anchor-arn {OPTIONS['trust_anchor_arn']} --profile-arn {OPTIONS['profile_arn']}"
    " --role-arn arn:aws:iam::123456789012:role/web --region eu-central-1"
)


def test_the_section_is_a_region_and_one_line_of_the_helpers_flags():
    assert aws_profile(OPTIONS).settings == [("region", "eu-central-1"), ("credential_process", COMMAND)]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("endpoint_url", "http://127.0.0.1:5555", "--endpoint http://127.0.0.1:5555"),
        ("session_duration", 900, "--session-duration 900"),
        ("role_session_name", "a@b", "--role-session-name a@b"),
        ("cache_directory", "/run/web", "--cache-directory /run/web"),
    ],
)
def test_each_option_adds_its_flag(option, value, words):
    assert aws_profile({**OPTIONS, option: value}).command == f"{COMMAND} {words}"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("path", "config"),
        ("profile", "two words"),
        ("profile", "web]\n[default"),
        ("profile", ""),
        ("helper_path", "rolesanywhere-helper"),
        ("directory", "/etc/$HOME"),
        ("name", "../other"),
        ("trust_anchor_arn", OPTIONS["profile_arn"]),
        ("role_arn", OPTIONS["role_arn"] + "\n[default]"),
        ("session_duration", 899),
        ("session_duration", 43201),
        ("role_session_name", "a"),
        ("role_session_name", "a b"),
        ("role_session_name", "ab\n"),
        ("cache_directory", "cache"),
    ],
)
def test_a_value_that_is_none_is_told_by_its_options_name(option, value):
    with pytest.raises(HostError, match=f"^{option} is "):
        aws_profile({**OPTIONS, option: value})


@pytest.mark.parametrize(("option", "value"), [("helper_path", "/opt/`id`"), ("cache_directory", "/a;b")])
def test_no_path_smuggles_a_command(option, value):
    with pytest.raises(HostError):
        aws_profile({**OPTIONS, option: value})


def test_profiles_are_grouped_by_file():
    profiles = [{"path": "/a"}, {"path": "/b"}, {"path": "/a", "profile": "default"}]
    files = by_file([aws_profile({**OPTIONS, **changes}) for changes in profiles])
    assert {path: list(wanted) for path, wanted in files.items()} == {"/a": ["web", "default"], "/b": ["web"]}


def test_one_profile_of_a_file_given_twice_is_refused():
    with pytest.raises(HostError, match="given twice"):
        by_file([aws_profile(OPTIONS), aws_profile({**OPTIONS, "name": "db"})])
