# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder is one run's at a time, and no run waits for ever."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import private_files
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError


def check_held(directory):
    with pytest.raises(AuthorityError) as caught, private_files.locked(directory, seconds=0):
        pytest.fail("two runs hold the folder")
    assert str(caught.value) == f"Another run has been working on {directory} for 0 seconds: let it end first."


def test_a_run_that_goes_on_for_too_long_is_one_sentence(tmp_path):
    with private_files.locked(tmp_path):
        check_held(tmp_path)


def test_a_run_that_ends_in_time_is_waited_for(tmp_path, monkeypatch):
    with contextlib.ExitStack() as other_run:
        other_run.enter_context(private_files.locked(tmp_path))
        ends = iter([other_run.close])
        monkeypatch.setattr(private_files.time, "sleep", lambda _seconds: next(ends)())
        with private_files.locked(tmp_path):
            check_held(tmp_path)


def test_a_folder_is_free_when_its_run_has_failed(tmp_path):
    with pytest.raises(RuntimeError), private_files.locked(tmp_path):
        raise RuntimeError
    with private_files.locked(tmp_path, seconds=0):
        pass
