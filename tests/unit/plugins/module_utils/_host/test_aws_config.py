# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our section changes and nobody else's bytes do; botocore is the witness for what the file says."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.aws_config import (
    read_section,
    with_section,
    without_section,
)
from botocore.configloader import load_config
from hypothesis import given, settings
from hypothesis import strategies as st

OURS = [("region", "eu-central-1"), ("credential_process", "/helper credential-process --region eu-central-1")]
SECTION = (
    "[profile web]\nregion = eu-central-1\ncredential_process = /helper credential-process --region eu-central-1\n"
)


def parsed(content: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config")
        path.write_bytes(content)
        return load_config(str(path))


# ---- any file that botocore can read ----

nothing = st.sampled_from(["", "# a comment", "; another", "   ", "  # indented", "#[profile web]"])
setting = st.sampled_from(
    ["output = json", "region=us-east-1", "s3 =\n  max_concurrent_requests = 20\n  # in it\n  addressing_style = path",
     "role_session_name  :  x", "cli_pager =", "output = a\n\n\t[profile web]\n  b = c", "UPPER = Case"]
)  # fmt: skip
body = st.tuples(
    st.lists(nothing, max_size=2), st.lists(setting, unique_by=lambda s: s.split()[0].split("=")[0], max_size=3)
).map(lambda parts: [*parts[0], *parts[1]])
header = st.sampled_from(
    ["[default]", "[profile a]", '[profile "b c"]', "[profile  web2]", "[sso-session s] # told", "[plugins]", "[web]"]
)
sections = st.lists(st.tuples(header, body, st.lists(nothing, max_size=2)), unique_by=lambda s: s[0], max_size=4)
newlines = st.sampled_from(["\n", "\r\n"])


def written(parts, newline):
    lines = [line for head, settings_, rest in parts for line in (head, *settings_, *rest)]
    return "".join(line + "\n" for line in lines).replace("\n", newline).encode()


@settings(deadline=None)
@given(sections, newlines, st.booleans())
def test_a_new_section_is_appended_to_an_untouched_file(parts, newline, closed):
    content = written(parts, newline)
    content = content if closed else content.rstrip(b"\r\n")
    result = with_section(content, "web", OURS)
    assert result.startswith(content)
    before, after = parsed(content), parsed(result)
    assert after["profiles"].pop("web") == dict(OURS)
    assert after == before
    assert with_section(result, "web", OURS) == result
    assert parsed(without_section(result, "web")) == before


@settings(deadline=None)
@given(sections, sections, st.lists(nothing, max_size=3), body, newlines)
def test_a_section_in_the_middle_is_replaced_where_it_stands(before, after, rest, old, newline):
    after = [part for part in after if part[0] not in {head for head, _body, _rest in before}]
    start, end = written(before, newline), written([("", [], rest)], newline)[len(newline) :] + written(after, newline)
    trailing = []
    while old and (not old[-1].strip() or old[-1].lstrip()[0] in "#;"):
        trailing.insert(0, old.pop())
    end = written([("", trailing, [])], newline)[len(newline) :] + end
    content = start + written([("[profile web]", [*old, "output = text"], [])], newline) + end
    assert with_section(content, "web", OURS) == start + SECTION.replace("\n", newline).encode() + end
    assert without_section(content, "web") == start + end


@settings(deadline=None)
@given(st.lists(st.one_of(nothing, setting, header, st.just("[profile web]"), st.just(" [profile web]"))), newlines)
def test_whatever_the_file_holds_it_has_our_section_once_afterwards(lines, newline):
    content = newline.join(lines).encode()
    result = with_section(content, "web", OURS)
    assert read_section(result, "web") == OURS
    assert with_section(result, "web", OURS) == result
    assert read_section(without_section(result, "web"), "web") is None


# ---- the odd ones, one by one ----


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("", "{}", id="empty"),
        pytest.param("[a]\nx=1", "[a]\nx=1\n\n{}", id="no final newline"),
        pytest.param("[a]\nx=1\n", "[a]\nx=1\n\n{}", id="appended after an empty line"),
        pytest.param("\ufeff[a]\nx=1\n", "\ufeff[a]\nx=1\n\n{}", id="byte order mark"),
        pytest.param("\ufeff[profile web]\nx=1\n[a]\n", "\ufeff{}[a]\n", id="byte order mark before ours"),
        pytest.param("\ufeff", "\ufeff{}", id="byte order mark alone"),
        pytest.param("[ profile   'web' ] # told\nx=1\n", "{}", id="odd header"),
        pytest.param(" [profile web]\n  x=1\n[b]\n", "{}[b]\n", id="indented header"),
        pytest.param("[a]\nx =\n  [profile web]\n", "[a]\nx =\n  [profile web]\n\n{}", id="a value like ours"),
        pytest.param("[profile web]\nx=1\n[b]\n[profile web]\ny=2\n", "{}[b]\n", id="ours twice"),
        pytest.param("[b]\nx=1\n[b]\nx=2\n", "[b]\nx=1\n[b]\nx=2\n\n{}", id="another's section twice"),
        pytest.param("[profile web]\nx=1\n\n# of b\n[b]\n", "{}\n# of b\n[b]\n", id="a comment of the next section"),
        pytest.param("[profile web2]\nx=1\n", "[profile web2]\nx=1\n\n{}", id="a longer name"),
        pytest.param("[web]\nx=1\n", "[web]\nx=1\n\n{}", id="a section of that name that is no profile"),
        pytest.param('[profile "web]\nx=1\n', '[profile "web]\nx=1\n\n{}', id="an unfinished quotation"),
    ],
)
def test_the_bytes_around_our_section(content, expected):
    assert with_section(content.encode(), "web", OURS).decode() == expected.replace("{}", SECTION)


def test_bytes_that_are_no_text_stay():
    content = b"[a]\nx = \xff\xfe\n"
    assert with_section(content, "web", OURS) == content + b"\n" + SECTION.encode()


def test_the_default_profile_has_a_section_of_its_own_kind():
    content = b"[profile default]\nx=1\n[profile web]\n"
    assert with_section(content, "default", [("region", "r")]) == b"[default]\nregion = r\n[profile web]\n"


def test_a_section_that_says_the_same_keeps_its_spacing():
    content = SECTION.replace(" = ", " =  ").replace("region", "Region", 1).encode()
    assert with_section(content, "web", OURS) == content


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("[profile web]\na = 1\n", [("a", "1")]),
        ("[profile web]\na: 1=2\n", [("a", "1=2")]),
        ("[profile web]\ns3 =\n  x = 1\n  y = 2\n", [("s3", "\nx = 1\ny = 2")]),
        ("[profile web]\n# a = 1\n", []),
        ("[profile web]\nalone\n", [("alone", "")]),
        ("[profile other]\na = 1\n", None),
    ],
)
def test_what_a_section_says(content, found):
    assert read_section(content.encode(), "web") == found
