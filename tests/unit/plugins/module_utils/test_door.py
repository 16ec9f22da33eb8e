# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module ends with its result or with one sentence."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer


class Ended(SystemExit):
    """A module has ended; modules end with SystemExit, which no handler of errors may take for one."""


class Module:
    """Keeps how it ended."""

    def exit_json(self, **result):
        raise Ended("exit", result)

    def fail_json(self, msg):
        raise Ended("fail", msg)


class Sentence(Exception):
    """An error that is one clear sentence."""


class OtherSentence(Exception):
    """An error of another room."""


def ended(run, *errors):
    with pytest.raises(Ended) as caught:
        answer(Module(), run, *errors)
    return caught.value.args


def raising(error):
    def run(_module):
        raise error

    return run


def test_the_result_is_what_run_returns_for_this_module():
    assert ended(lambda module: {"changed": True, "module": type(module)}, Sentence) == (
        "exit",
        {"changed": True, "module": Module},
    )


@pytest.mark.parametrize("error", [Sentence("Set the clock right."), OtherSentence("Set the clock right.")])
def test_each_of_the_errors_named_is_the_sentence_of_a_failure(error):
    assert ended(raising(error), Sentence, OtherSentence) == ("fail", "Set the clock right.")


def test_an_error_that_is_not_named_is_a_bug_and_keeps_its_traceback():
    with pytest.raises(OtherSentence):
        answer(Module(), raising(OtherSentence()), Sentence)


def test_run_may_end_the_module_with_more_than_a_sentence():
    assert ended(lambda module: module.fail_json(msg="Refused."), Exception) == ("fail", "Refused.")
