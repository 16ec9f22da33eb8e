# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CRLs never go backwards, always go up as PEM, and cost one call when nothing changes."""

from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import crls
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Outcome, Resources
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from botocore.response import StreamingBody
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

UUID = "1b2a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ANCHOR_UUID = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ANCHOR = f"arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/{ANCHOR_UUID}"
PRIVATE_CA = f"arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/{UUID}"
SERIALS = (0x5A01, 0x5A02)


def crl(data: bytes, **others: Any) -> dict[str, Any]:
    return {
        "crlId": UUID,
        "crlArn": ANCHOR.replace(f"trust-anchor/{ANCHOR_UUID}", f"crl/{UUID}"),
        "name": "fleet",
        "enabled": True,
        "crlData": data,
        "trustAnchorArn": ANCHOR,
        **others,
    }


def ensure(conversation: Any, check_mode: bool = False, **given: Any) -> Any:
    names = ("id", "crl", "crl_path", "s3_uri", "expired_serials", "left_out_serials", "trust_anchor_arn", "tags")
    options = {
        **dict.fromkeys(names),
        "name": "fleet",
        "enabled": True,
        "purge_tags": True,
        "state": "present",
        "force": False,
        **given,
    }
    return crls.ensure(Resources(conversation, crls.KIND), options, check_mode)


def listed(conversation: Any, *found: dict[str, Any]) -> None:
    conversation.expect("list_crls", {}, {"crls": list(found)})


def anchor_read(conversation: Any, *pems: str) -> None:
    source: dict[str, Any] = {
        "sourceType": "CERTIFICATE_BUNDLE",
        "sourceData": {"x509CertificateData": "".join(pems)},
    }
    if not pems:
        source = {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": PRIVATE_CA}}
    conversation.expect(
        "get_trust_anchor",
        {"trustAnchorId": ANCHOR_UUID},
        {"trustAnchor": {"trustAnchorId": ANCHOR_UUID, "name": "fleet", "source": source}},
    )


def updated(conversation: Any, data: bytes) -> None:
    conversation.expect("update_crl", {"crlId": UUID, "crlData": data}, {"crl": crl(data)})
    read_back(conversation, data)


def read_back(conversation: Any, data: bytes) -> None:
    conversation.expect("get_crl", {"crlId": UUID}, {"crl": crl(data)})


def test_importing_enables_in_the_same_call(conversation: Any, issuing: Any) -> None:
    data = issuing.crl()
    listed(conversation)
    anchor_read(conversation, issuing.pem)
    request = {"name": "fleet", "enabled": True, "crlData": data, "trustAnchorArn": ANCHOR}
    conversation.expect("import_crl", request, {"crl": crl(data)})
    read_back(conversation, data)
    outcome, warnings = ensure(conversation, crl=data.decode(), trust_anchor_arn=ANCHOR)
    assert (outcome.changed, warnings) == (True, [])


@pytest.mark.parametrize("later", [8, 9])
def test_it_is_looked_at_until_it_or_a_newer_one_stands(
    conversation: Any, issuing: Any, monkeypatch: pytest.MonkeyPatch, later: int
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(crls.time, "sleep", pauses.append)
    old, new = issuing.crl(7), issuing.crl(8, SERIALS)
    shown = new if later == 8 else issuing.crl(later, SERIALS)
    listed(conversation, crl(old))
    anchor_read(conversation, issuing.pem)
    conversation.expect("update_crl", {"crlId": UUID, "crlData": new}, {"crl": crl(new)})
    for data in (old, old, shown):
        read_back(conversation, data)
    outcome, _warnings = ensure(conversation, crl=new.decode())
    assert outcome.after["crlData"] == shown
    assert pauses == [1, 1]


def test_one_that_does_not_stand_is_no_success(
    conversation: Any, issuing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crls.time, "sleep", lambda _seconds: None)
    old, new = issuing.crl(7), issuing.crl(8, SERIALS)
    listed(conversation, crl(old))
    anchor_read(conversation, issuing.pem)
    conversation.expect("update_crl", {"crlId": UUID, "crlData": new}, {"crl": crl(new)})
    for _look in range(crls.LOOKS):
        read_back(conversation, old)
    with pytest.raises(RolesAnywhereError, match=r"^AWS took the CRL 'fleet', but goes on showing another one"):
        ensure(conversation, crl=new.decode())


def test_nothing_to_change_is_one_call(conversation: Any, tmp_path: Path, issuing: Any) -> None:
    data = issuing.crl(7, SERIALS)
    path = tmp_path / "crl.der"
    path.write_bytes(x509.load_pem_x509_crl(data).public_bytes(Encoding.DER))
    listed(conversation, crl(data))
    outcome, _warnings = ensure(conversation, crl_path=str(path), trust_anchor_arn=ANCHOR)
    assert not outcome.changed


def test_der_goes_up_as_pem(conversation: Any, tmp_path: Path, issuing: Any) -> None:
    data = issuing.crl(8, SERIALS)
    path = tmp_path / "crl.der"
    path.write_bytes(x509.load_pem_x509_crl(data).public_bytes(Encoding.DER))
    listed(conversation, crl(issuing.crl(7)))
    anchor_read(conversation, issuing.pem)
    updated(conversation, data)
    assert ensure(conversation, crl_path=str(path))[0].changed


def test_what_is_returned(conversation: Any, issuing: Any) -> None:
    data = issuing.crl(7, SERIALS, next_update=datetime(2099, 1, 2, 3, 4, 5, tzinfo=timezone.utc))
    listed(conversation, crl(data))
    outcome, _warnings = ensure(conversation)
    result = Resources(conversation, crls.KIND).result(outcome)
    assert result["crl_number"] == 7
    assert result["entries"] == 2
    assert result["next_update"] == "2099-01-02T03:04:05Z"
    assert result["bytes"] == len(data)
    assert "crl_data" not in result["crl"]
    assert "crl_data" not in result["diff"]["before"]
    assert result["diff"]["before"]["crl_number"] == 7


def test_what_is_gone_has_no_number(conversation: Any, issuing: Any) -> None:
    gone = Outcome(True, crl(issuing.crl(7)), None)
    assert set(Resources(conversation, crls.KIND).result(gone)) == {"changed", "diff"}


def test_what_is_in_place_and_cannot_be_read_is_replaced(conversation: Any, issuing: Any) -> None:
    data = issuing.crl()
    listed(conversation, crl(b"nonsense"))
    anchor_read(conversation, issuing.pem)
    updated(conversation, data)
    outcome, _warnings = ensure(conversation, crl=data.decode())
    assert outcome.changed
    assert crls.facts_of(crl(b"nonsense")) == {}


def test_a_crl_that_was_disabled_is_enabled_again(conversation: Any, issuing: Any) -> None:
    data = issuing.crl()
    listed(conversation, crl(data, enabled=False))
    conversation.expect("enable_crl", {"crlId": UUID}, {"crl": crl(data, enabled=False)})
    conversation.expect("get_crl", {"crlId": UUID}, {"crl": crl(data)})
    assert ensure(conversation, crl=data.decode())[0].after["enabled"] is True


def test_the_second_issuing_ca_of_an_anchor_may_sign(conversation: Any, issuing: Any, next_issuing: Any) -> None:
    data = next_issuing.crl(2)
    listed(conversation, crl(next_issuing.crl(1)))
    anchor_read(conversation, issuing.pem, next_issuing.pem)
    updated(conversation, data)
    assert ensure(conversation, crl=data.decode())[0].changed


class TestAnchorOfPrivateCA:
    """AWS Private CA is asked for the certificate that such an anchor stands for, once, and only of a new CRL."""

    def its_certificate_is(self, conversation: Any, pem: str) -> None:
        anchor_read(conversation)
        private_ca = conversation.beside("acm-pca")
        request = {"CertificateAuthorityArn": PRIVATE_CA}
        private_ca.expect("get_certificate_authority_certificate", request, {"Certificate": pem})

    def test_its_own_crl_is_published(self, conversation: Any, issuing: Any) -> None:
        data = issuing.crl(2)
        listed(conversation, crl(issuing.crl(1)))
        self.its_certificate_is(conversation, issuing.pem)
        updated(conversation, data)
        assert ensure(conversation, crl=data.decode())[0].changed

    def test_another_cas_crl_is_refused(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        listed(conversation)
        self.its_certificate_is(conversation, issuing.pem)
        with pytest.raises(RolesAnywhereError, match=r"CRL of CN=Issuing G2 is not signed .* \(CN=Issuing\): give"):
            ensure(conversation, crl=next_issuing.crl(2).decode(), trust_anchor_arn=ANCHOR)

    def test_who_may_not_ask_learns_what_is_missing(self, conversation: Any, issuing: Any) -> None:
        listed(conversation)
        anchor_read(conversation)
        conversation.beside("acm-pca").refuse("get_certificate_authority_certificate", "AccessDeniedException")
        with pytest.raises(RolesAnywhereError, match="needs acm-pca:GetCertificateAuthorityCertificate"):
            ensure(conversation, crl=issuing.crl().decode(), trust_anchor_arn=ANCHOR)

    def test_nothing_is_asked_by_force(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        data = next_issuing.crl(2)
        listed(conversation, crl(issuing.crl(1)))
        updated(conversation, data)
        assert ensure(conversation, crl=data.decode(), force=True)[0].changed


class TestFromS3:
    """The object is read with one call, and no further than Roles Anywhere would take."""

    URI = "s3://example-crls/crl/g1 (2).crl"

    def has(self, conversation: Any, content: bytes, reads: list[int] | None = None) -> None:
        class Body(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                if reads is not None:
                    reads.append(-1 if size is None else size)
                return super().read(size)

        self.answers(conversation, Body(content), len(content))

    def answers(self, conversation: Any, body: io.BytesIO, length: int) -> None:
        request = {"Bucket": "example-crls", "Key": "crl/g1 (2).crl"}
        conversation.beside("s3").expect("get_object", request, {"Body": StreamingBody(body, length)})

    @pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
    def test_nothing_to_change_is_two_calls(self, conversation: Any, issuing: Any, encoding: Encoding) -> None:
        data = issuing.crl(7, SERIALS)
        self.has(conversation, x509.load_pem_x509_crl(data).public_bytes(encoding))
        listed(conversation, crl(data))
        assert not ensure(conversation, s3_uri=self.URI)[0].changed

    def test_der_goes_up_as_pem(self, conversation: Any, issuing: Any) -> None:
        data = issuing.crl(8, SERIALS)
        self.has(conversation, x509.load_pem_x509_crl(data).public_bytes(Encoding.DER))
        listed(conversation, crl(issuing.crl(7)))
        anchor_read(conversation, issuing.pem)
        updated(conversation, data)
        assert ensure(conversation, s3_uri=self.URI)[0].changed

    def test_no_more_is_read_than_needed(self, conversation: Any) -> None:
        reads: list[int] = []
        self.has(conversation, bytes(400_000), reads)
        with pytest.raises(RolesAnywhereError) as caught:
            ensure(conversation, s3_uri=self.URI)
        assert str(caught.value) == f"s3_uri: {self.URI} has more than 300000 bytes: give another object."
        assert reads == [300_001]

    def test_der_that_is_too_large_as_pem_is_refused(self, conversation: Any, issuing: Any) -> None:
        pem = issuing.crl(2, tuple((1 << 126) + n for n in range(6600)))
        der = x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)
        assert len(der) < 300_000 < len(pem)
        self.has(conversation, der)
        with pytest.raises(CertificateError, match="Roles Anywhere takes 300000"):
            ensure(conversation, s3_uri=self.URI)

    @pytest.mark.parametrize(
        ("code", "sentence"),
        [
            ("NoSuchKey", "Amazon S3 refused GetObject with NoSuchKey: no"),
            ("NoSuchBucket", "Amazon S3 refused GetObject with NoSuchBucket: no"),
            ("AccessDenied", "AWS denied GetObject; the caller needs s3:GetObject. AWS's words: no"),
        ],
    )
    def test_what_cannot_be_read_is_one_sentence(self, conversation: Any, code: str, sentence: str) -> None:
        conversation.beside("s3").refuse("get_object", code)
        with pytest.raises(RolesAnywhereError) as caught:
            ensure(conversation, s3_uri=self.URI)
        assert str(caught.value) == f"s3_uri: {self.URI} cannot be read: {sentence}"

    def test_a_body_that_breaks_off_is_one_sentence(self, conversation: Any) -> None:
        self.answers(conversation, io.BytesIO(b"short"), 500)
        with pytest.raises(RolesAnywhereError, match=r"s3_uri: .* cannot be read: Amazon S3 could not be asked for"):
            ensure(conversation, s3_uri=self.URI)

    def test_what_is_no_crl_is_refused(self, conversation: Any) -> None:
        self.has(conversation, b"nonsense")
        with pytest.raises(CertificateError, match="neither PEM"):
            ensure(conversation, s3_uri=self.URI)

    @pytest.mark.parametrize(
        "uri",
        [
            "x s3://example-crls/a",
            "s3://example-crls",
            "s3://example-crls/",
            "/crl.pem",
            "https://x.org/crl",
            "s3://b/",
        ],
    )
    def test_what_names_no_object_is_refused_before_any_call(self, conversation: Any, uri: str) -> None:
        with pytest.raises(
            RolesAnywhereError, match="does not name an object; it should look like s3://<bucket>/<key>"
        ):
            ensure(conversation, s3_uri=uri)

    def test_deleting_reads_nothing(self, conversation: Any, issuing: Any) -> None:
        listed(conversation, crl(issuing.crl()))
        conversation.expect("delete_crl", {"crlId": UUID}, {"crl": crl(issuing.crl())})
        assert ensure(conversation, s3_uri=self.URI, state="absent")[0].changed


@pytest.mark.parametrize("check_mode", [True, False])
class TestRefusedWithoutForce:
    """In check mode too, so that a pipeline learns of it in time."""

    def test_signed_by_another_ca(self, conversation: Any, issuing: Any, next_issuing: Any, check_mode: bool) -> None:
        listed(conversation, crl(issuing.crl(1)))
        anchor_read(conversation, issuing.pem)
        with pytest.raises(
            RolesAnywhereError, match="CRL of CN=Issuing G2 is not signed by a certificate of the trust"
        ):
            ensure(conversation, check_mode, crl=next_issuing.crl(2).decode())

    def test_signed_by_another_ca_of_the_same_name(
        self, conversation: Any, issuing: Any, root: Any, check_mode: bool
    ) -> None:
        thief = type(root)("Issuing", root)
        listed(conversation)
        anchor_read(conversation, issuing.pem)
        with pytest.raises(RolesAnywhereError, match="is not signed by"):
            ensure(conversation, check_mode, crl=thief.crl().decode(), trust_anchor_arn=ANCHOR)

    def test_for_a_trust_anchor_that_is_not_there(self, conversation: Any, issuing: Any, check_mode: bool) -> None:
        listed(conversation)
        conversation.refuse("get_trust_anchor", "ResourceNotFoundException")
        sentence = f"trust_anchor_arn: these credentials find no trust anchor {ANCHOR}: it was deleted, or is"
        with pytest.raises(RolesAnywhereError, match=sentence):
            ensure(conversation, check_mode, crl=issuing.crl(1).decode(), trust_anchor_arn=ANCHOR)

    @pytest.mark.parametrize(("number", "serials"), [(1, SERIALS), (8, ())])
    def test_who_signed_is_asked_before_whether_it_goes_back(
        self, conversation: Any, issuing: Any, next_issuing: Any, check_mode: bool, number: int, serials: Any
    ) -> None:
        listed(conversation, crl(issuing.crl(7, SERIALS)))
        anchor_read(conversation, issuing.pem)
        with pytest.raises(RolesAnywhereError, match="is not signed by a certificate of the trust anchor"):
            ensure(conversation, check_mode, crl=next_issuing.crl(number, serials).decode())

    def test_lower_number(self, conversation: Any, issuing: Any, check_mode: bool) -> None:
        listed(conversation, crl(issuing.crl(7)))
        anchor_read(conversation, issuing.pem)
        with pytest.raises(RolesAnywhereError, match="in place has the number 7, this one 6: give a newer one"):
            ensure(conversation, check_mode, crl=issuing.crl(6).decode())

    def test_dropped_serial(self, conversation: Any, issuing: Any, check_mode: bool) -> None:
        listed(conversation, crl(issuing.crl(7, SERIALS)))
        anchor_read(conversation, issuing.pem)
        with pytest.raises(RolesAnywhereError, match=r"no longer lists 1 of the certificates .* \(5a02\)"):
            ensure(conversation, check_mode, crl=issuing.crl(8, SERIALS[:1]).decode())

    def test_no_number(self, conversation: Any, issuing: Any, check_mode: bool) -> None:
        listed(conversation)
        with pytest.raises(CertificateError, match="has no number"):
            ensure(conversation, check_mode, crl=issuing.crl(None).decode(), trust_anchor_arn=ANCHOR)


def test_force_goes_back_without_another_call(conversation: Any, issuing: Any, next_issuing: Any) -> None:
    data = next_issuing.crl(1)
    listed(conversation, crl(issuing.crl(7, SERIALS)))
    updated(conversation, data)
    assert ensure(conversation, crl=data.decode(), force=True)[0].changed


@pytest.mark.parametrize("option", ["expired_serials", "left_out_serials"])
def test_what_has_expired_or_finds_no_room_may_be_left_out(conversation: Any, issuing: Any, option: str) -> None:
    data = issuing.crl(8, SERIALS[:1])
    listed(conversation, crl(issuing.crl(7, SERIALS)))
    anchor_read(conversation, issuing.pem)
    updated(conversation, data)
    assert ensure(conversation, crl=data.decode(), **{option: ["5A02", "77"]})[0].changed


def test_what_has_expired_does_not_excuse_another(conversation: Any, issuing: Any) -> None:
    listed(conversation, crl(issuing.crl(7, SERIALS)))
    anchor_read(conversation, issuing.pem)
    with pytest.raises(RolesAnywhereError, match=r"no longer lists 1 .* \(5a01\)"):
        ensure(conversation, crl=issuing.crl(8).decode(), expired_serials=["5a02"])


def test_a_higher_number_may_list_more(conversation: Any, issuing: Any) -> None:
    data = issuing.crl(8, SERIALS)
    listed(conversation, crl(issuing.crl(7, SERIALS[:1])))
    anchor_read(conversation, issuing.pem)
    updated(conversation, data)
    assert ensure(conversation, crl=data.decode())[0].changed


@pytest.mark.parametrize("force", [True, False])
def test_too_large_is_refused_before_any_call(conversation: Any, issuing: Any, force: bool) -> None:
    data = issuing.crl(2, tuple((1 << 126) + n for n in range(7000)))
    with pytest.raises(CertificateError, match="Roles Anywhere takes 300000"):
        ensure(conversation, crl=data.decode(), force=force)


def test_past_next_update_is_warned_about(conversation: Any, issuing: Any) -> None:
    data = issuing.crl(2, next_update=datetime.now(timezone.utc) - timedelta(days=1))
    listed(conversation, crl(data))
    outcome, warnings = ensure(conversation)
    assert not outcome.changed
    assert [warning[:38] for warning in warnings] == ["The CRL should have been replaced by 2"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_nearly_full_is_warned_about(conversation: Any, issuing: Any, check_mode: bool) -> None:
    nearly = issuing.crl(2, tuple((1 << 126) + n for n in range(5900)))
    assert 270_000 <= len(nearly) <= 300_000
    listed(conversation, crl(issuing.crl(1)))
    anchor_read(conversation, issuing.pem)
    if not check_mode:
        updated(conversation, nearly)
    _outcome, warnings = ensure(conversation, check_mode, crl=nearly.decode())
    [warning] = warnings
    assert warning.startswith(
        f"The CRL has {len(nearly)} of the 300000 bytes that Roles Anywhere takes: move the fleet"
    )


@pytest.mark.parametrize(("size", "warned"), [(269_999, False), (270_000, True), (300_000, True)])
def test_nearly_full_is_90_percent(issuing: Any, size: int, warned: bool) -> None:
    padded = issuing.crl().rjust(size, b"\n")
    assert bool(crls.warnings_about(crl(padded), datetime.now(timezone.utc))) is warned


def test_the_link_to_the_anchor_is_fixed(conversation: Any, issuing: Any) -> None:
    other = ANCHOR.replace(ANCHOR_UUID, UUID)
    listed(conversation, crl(issuing.crl()))
    with pytest.raises(RolesAnywhereError, match=f"belongs to {ANCHOR} for good and cannot go over to {other}"):
        ensure(conversation, trust_anchor_arn=other)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trust_anchor_arn": ANCHOR.replace("trust-anchor", "profile")}, "trust_anchor_arn: .* ARN of a trust anchor"),
        ({"trust_anchor_arn": ANCHOR.replace("eu-central-1", "us-east-1")}, "in the region us-east-1"),
        ({"crl": "nonsense"}, "neither PEM"),
        ({"expired_serials": ["5a:02"]}, "expired_serials: '5a:02' is not a serial number"),
        ({"left_out_serials": ["5a:02"]}, "left_out_serials: '5a:02' is not a serial number"),
        ({"crl_path": "/nowhere"}, "crl_path: /nowhere cannot be read: .*No such file"),
    ],
)
def test_bad_input_is_refused_before_any_call(conversation: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises((RolesAnywhereError, CertificateError), match=message):
        ensure(conversation, **given)


def test_what_is_needed_to_create(conversation: Any) -> None:
    listed(conversation)
    needed = "give trust_anchor_arn and crl, crl_path or s3_uri to create it"
    with pytest.raises(RolesAnywhereError, match=f"no CRL named 'fleet' .* yet: {needed}"):
        ensure(conversation)
