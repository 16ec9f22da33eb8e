# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roll-over of the issuing CA: what is decided, and that each step may be killed."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import file, layout, ledger, revoking, rollover
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from cryptography.hazmat.primitives.serialization import Encoding

NEWEST = "CN=Issuing CA G2"
NOW = datetime.now(timezone.utc).replace(microsecond=0)


@pytest.mark.parametrize(
    ("wanted", "stage", "is_new", "remaining", "force", "step"),
    [
        ("prepared", "steady", False, [], False, "make"),
        ("prepared", "steady", True, [], False, None),
        ("prepared", "prepared", True, [], False, None),
        ("prepared", "switched", True, [], False, None),
        ("switched", "steady", True, [], False, None),
        ("switched", "prepared", True, ["web1"], False, "switch"),
        ("switched", "switched", True, ["web1"], False, None),
        ("finished", "steady", True, [], False, None),
        ("finished", "switched", True, [], False, "retire"),
        ("finished", "switched", True, ["web1"], True, "retire"),
    ],
)
def test_steps(wanted, stage, is_new, remaining, force, step):
    found = rollover.decide(wanted, stage, is_new=is_new, newest=NEWEST, remaining=remaining, force=force)
    assert found == step


@pytest.mark.parametrize(
    ("wanted", "stage", "is_new", "remaining", "sentence"),
    [
        ("prepared", "prepared", False, [], "The roll-over to CN=Issuing CA G2 is not finished: finish it before the"),
        ("prepared", "switched", False, [], "The roll-over to CN=Issuing CA G2 is not finished: finish it before the"),
        ("switched", "prepared", False, [], "The roll-over to CN=Issuing CA G2 is not finished: finish it before the"),
        (
            "switched",
            "steady",
            False,
            [],
            "The newest issuing CA is CN=Issuing CA G2: make the next one first, with the",
        ),
        (
            "finished",
            "steady",
            False,
            [],
            "The newest issuing CA is CN=Issuing CA G2: make the next one first, with the",
        ),
        (
            "finished",
            "prepared",
            True,
            [],
            "CN=Issuing CA G2 does not sign yet: let it take over first, with the state",
        ),
        ("finished", "switched", True, ["web1", "web2"], "cannot go: web1, web2 would lose the access"),
        ("finished", "switched", True, [f"web{number}" for number in range(12)], "web9 and 2 more would lose"),
    ],
)
def test_refusals(wanted, stage, is_new, remaining, sentence):
    with pytest.raises(AuthorityError, match=sentence):
        rollover.decide(wanted, stage, is_new=is_new, newest=NEWEST, remaining=remaining, force=False)


NEXT = rollover.WantedIssuing("Issuing CA G2", "Example", "ECDSA-P256", timedelta(1825))


def reach(authority, state, wanted=NEXT, *, force=False, dry_run=False, passphrase=None):
    return rollover.reach(
        authority,
        state,
        wanted,
        passphrase,
        None,
        NOW,
        "tester",
        allow_unencrypted_key=True,
        allow_existing_key=False,
        force=force,
        dry_run=dry_run,
    )


def names(certificates):
    return [certificate.subject.rfc4514_string().partition(",")[0] for certificate in certificates]


G1, G2 = "CN=Issuing CA G1", "CN=Issuing CA G2"


def test_a_whole_roll_over(authority):
    old = authority.issuing.certificate.read_bytes()
    assert names(reach(authority, "prepared").after.certificates) == [G1, G2]
    assert authority.issuing.certificate.read_bytes() == old
    following = file.load_signer(authority.next, None)
    following.certificate.verify_directly_issued_by(file.load_certificate(authority.root))
    crl = revocation_lists.load(authority.next.crl.read_bytes())
    revocation_lists.check_signed_by(crl, [following.certificate])
    assert (revocation_lists.number(crl), len(crl)) == (2, 0)
    switched = reach(authority, "switched")
    assert (switched.after.stage, names(switched.after.certificates)) == ("switched", [G1, G2])
    assert file.load_signer(authority.issuing, None).certificate == following.certificate
    assert file.load_signer(authority.previous, None).certificate.public_bytes(Encoding.PEM) == old
    finished = reach(authority, "finished")
    assert (finished.after.stage, names(finished.after.certificates)) == ("steady", [G2])
    [retired] = authority.retired.iterdir()
    assert {path.name for path in retired.iterdir()} == {"certificate.pem", "private-key.pem", "crl.pem"}
    for path in authority.directory.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_state_that_is_reached_changes_nothing(authority):
    for state in ("prepared", "switched", "finished"):
        assert reach(authority, state).step
        before = {path: path.stat().st_mtime_ns for path in authority.directory.rglob("*") if "ledger" not in path.name}
        for reached in ("prepared", "switched", "finished")[: ("prepared", "switched", "finished").index(state) + 1]:
            assert reach(authority, reached).step is None
        assert before == {path: path.stat().st_mtime_ns for path in before}


def test_check_mode_changes_nothing(authority):
    def content():
        return sorted(str(path) for path in authority.directory.rglob("*") if "ledger" not in path.name)

    for state, stage in (("prepared", "prepared"), ("switched", "switched"), ("finished", "steady")):
        before = content()
        foreseen = reach(authority, state, dry_run=True)
        assert (foreseen.step is not None, foreseen.reached, foreseen.after.stage) == (
            True,
            stage,
            foreseen.before.stage,
        )
        assert content() == before
        assert reach(authority, state).after.stage == stage


def test_a_workload_that_needs_the_old_ca_keeps_it(workshop, authority):
    with ledger.opened(authority.ledger) as book:
        for host in ("web1", "web2", "web3"):
            workshop.issue(book, file.load_signer(authority.issuing, None), workshop.order(host), now=NOW)
        reach(authority, "prepared")
        reach(authority, "switched")
        workshop.issue(book, file.load_signer(authority.issuing, None), workshop.order("web1"), now=NOW)
        revoking.revoke_host(book, "web2", None, "unspecified", NOW, "tester", unknown=False, dry_run=False)
    with pytest.raises(AuthorityError, match=r"The issuing CA before CN=Issuing CA G2,O=Example cannot go: web3 would"):
        reach(authority, "finished")
    assert [row.host for row in reach(authority, "switched").remaining] == ["web3"]
    assert reach(authority, "finished", force=True).remaining == []


def test_what_the_old_ca_has_issued_is_not_enough(workshop, authority):
    with ledger.opened(authority.ledger) as book:
        old = file.load_signer(authority.issuing, None)
        for _time in range(3):
            workshop.issue(book, old, workshop.order("web1"), now=NOW)
        [outcome] = workshop.issue(book, old, workshop.order("web1"), now=NOW)
        assert "has 3 unexpired certificates already" in outcome.refused
        reach(authority, "prepared")
        reach(authority, "switched")
        [outcome] = workshop.issue(book, file.load_signer(authority.issuing, None), workshop.order("web1"), now=NOW)
    assert outcome.refused is None


def test_the_ledger_goes_on(workshop, authority):
    with ledger.opened(authority.ledger) as book:
        workshop.issue(book, file.load_signer(authority.issuing, None), workshop.order("web1"), now=NOW)
        revoking.revoke_host(book, "web1", None, "unspecified", NOW, "tester", unknown=False, dry_run=False)
        reach(authority, "prepared")
        reach(authority, "switched")
        [outcome] = workshop.issue(book, file.load_signer(authority.issuing, None), workshop.order("web1"), now=NOW)
    assert "web1 is blocked since" in outcome.refused


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("Root", r"CN=Root,O=Example is the name of the CA in .*/root: give"), ("a,b", "STS refuses")],
)
def test_names_that_a_next_ca_cannot_have(authority, name, sentence):
    with pytest.raises((AuthorityError, CertificateError), match=sentence):
        reach(authority, "prepared", NEXT._replace(common_name=name))


def test_the_name_of_a_retired_ca_is_not_used_again(authority):
    for state in ("prepared", "switched", "finished"):
        reach(authority, state)
    with pytest.raises(AuthorityError, match=r"CN=Issuing CA G1,O=Example is the name of the CA in .*/retired/"):
        reach(authority, "prepared", NEXT._replace(common_name="Issuing CA G1"))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda authority: authority.root.private_key.unlink(), r"The root's private key is not in .*root: bring it"),
        (lambda authority: authority.issuing.certificate.unlink(), r"There is no CA in .*: make one with the module"),
    ],
)
def test_what_must_be_there(authority, damage, sentence):
    damage(authority)
    with pytest.raises(AuthorityError, match=sentence):
        reach(authority, "prepared")


def test_a_ledger_that_was_moved_is_one_sentence(authority):
    authority.ledger.rename(authority.shared_ledger)
    with pytest.raises(AuthorityError, match=r"lies in DynamoDB, and ca_rollover works with the file only\.$"):
        reach(authority, "prepared")


def test_an_unencrypted_key_needs_a_yes(authority):
    with pytest.raises(AuthorityError, match="or say allow_unencrypted_key: true"):
        rollover.reach(
            authority,
            "prepared",
            NEXT,
            None,
            None,
            NOW,
            "tester",
            allow_unencrypted_key=False,
            allow_existing_key=False,
            force=False,
            dry_run=False,
        )
    assert not authority.next.folder.exists()


@pytest.mark.parametrize(("state", "stop_at"), [("prepared", 0), ("switched", 0), ("switched", 1), ("finished", 0)])
def test_a_step_that_is_killed_is_taken_again(authority, monkeypatch, state, stop_at):
    states = ["prepared", "switched", "finished"]
    for before in states[: states.index(state)]:
        reach(authority, before)
    genuine, count = Path.rename, iter(range(100))

    def rename(path, target):
        if next(count) == stop_at:
            os._exit(9)
        return genuine(path, target)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(Path, "rename", rename)
        reach(authority, state)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    if (state, stop_at) == ("switched", 1):
        with pytest.raises(AuthorityError, match="stopped half-way: run ca_rollover once more with the state switched"):
            layout.existing(str(authority.directory))
    else:
        file.load_signer(layout.existing(str(authority.directory)).issuing, None)
    for again in states[states.index(state) :]:
        assert reach(authority, again).step
    assert names(rollover.position(authority).certificates) == [G2]
    assert not list(authority.directory.glob(".new*"))
