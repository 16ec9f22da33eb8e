# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line, two grammars: what passes is read alike by shlex and by sh."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.safe_words import command_line, safe_word
from hypothesis import given, settings
from hypothesis import strategies as st

CHARACTERS = "ABCXYZabcxyz0189_./:=+@,-"
words = st.text(CHARACTERS, min_size=1, max_size=12)
spaced = st.lists(words, min_size=1, max_size=3).map(" ".join)
programs = words.map("/".__add__)


@settings(deadline=None, max_examples=60)
@given(programs, st.lists(spaced, max_size=6))
def test_a_line_is_split_into_the_intended_arguments_by_both_grammars(program, arguments):
    line = command_line([program, *arguments])
    shell = subprocess.run(
        ["/bin/sh", "-c", f"set -- {line}; printf '%s\\0' \"$@\""], capture_output=True, check=True, cwd="/"
    )
    assert shlex.split(line) == shell.stdout.decode().split("\0")[:-1] == [program, *arguments]


@settings(deadline=None)
@given(st.text(min_size=1, max_size=8))
def test_whatever_else_is_written_is_refused_or_comes_back_the_same(text):
    try:
        line = command_line(["/helper", text])
    except HostError:
        return
    assert shlex.split(line) == ["/helper", text]


@pytest.mark.parametrize(
    "value",
    ["", " ", "a\n", "\na", "a\n[default]", "a  b", " a", "a ", "$HOME", "`id`", "a;b", "a#b", "a #b", "~", "~root",
     "a'b", 'a"b', "a\\b", "a*", "a?", "a&b", "a|b", "(a)", "a\tb", "a\0", "é", "a\u2028b", "{a,b}", "a!b", "a%b"],
)  # fmt: skip
def test_what_the_grammars_read_differently_is_refused(value):
    with pytest.raises(HostError):
        command_line(["/helper", value])


@pytest.mark.parametrize("value", ["", "a b", "a\n", "$a", "é", "a]"])
def test_a_single_word_has_no_space_either(value):
    with pytest.raises(HostError, match="region is '"):
        safe_word(value, "region")


def test_a_word_comes_back_as_it_is():
    assert safe_word("arn:aws:iam::123456789012:role/a+b=c,d@e_f-g.h", "role_arn").startswith("arn:")


@pytest.mark.parametrize("program", ["helper", "a=b", "./helper", ""])
def test_the_program_is_an_absolute_path(program):
    with pytest.raises(HostError, match="absolute path"):
        command_line([program, "credential-process"])
