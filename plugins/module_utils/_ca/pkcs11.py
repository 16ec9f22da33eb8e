# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider pkcs11: the issuing CA's key lies in a token and never leaves it; all else of the CA stays in files.

There is one login for all that a module does. Nothing here deletes or changes a key that was there before.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import keys
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError

from . import file, secret_options, token_key
from .errors import AuthorityError
from .layout import AuthorityFiles
from .signer import KeySigner
from .token_answers import explained, reason

if TYPE_CHECKING:
    import pkcs11
    from pkcs11 import _pkcs11

SHORTEST_PIN = 4

_CURVES = {"ECDSA-P256": "secp256r1", "ECDSA-P384": "secp384r1"}


class Wanted(NamedTuple):
    """Which key of which token; *module* is the path of its library, *key_id* may tell keys of one label apart.

    *previous_key* is the label of the key of the CA before, as long as a roll-over goes on.
    """

    module: str
    token: str
    key: str
    key_id: bytes | None
    previous_key: str | None

    @property
    def token_name(self) -> str:
        """The token, as a sentence names it."""
        return f"The token {self.token!r} of {self.module}"

    @property
    def key_name(self) -> str:
        """The key, as a sentence names it."""
        key_id = f" with the ID {self.key_id.hex()}" if self.key_id else ""
        return f"{self.key!r}{key_id} in the token {self.token!r}"


def read(options: Mapping[str, Any]) -> Wanted:
    """Read the suboptions of pkcs11 that name the key.

    :raises AuthorityError: the ID is no hexadecimal text.
    """
    text = options["key_id"]
    try:
        key_id = bytes.fromhex(text) if text else None
    except ValueError:
        raise AuthorityError(f"pkcs11.key_id is {text!r}: give pairs of hexadecimal digits.") from None
    return Wanted(options["module"], options["token"], options["key"], key_id, options["previous_key"])


def read_pin(options: Mapping[str, Any], warn: Callable[[str], None]) -> str:
    """Return the PIN that the suboptions of pkcs11 give or point to.

    :param warn: is told of a file that others may read.
    :raises AuthorityError: the file or the variable is missing, empty or no text.
    """
    pin = secret_options.read(options, "pin", "PIN", SHORTEST_PIN, warn) or b""
    try:
        return pin.decode()
    except UnicodeDecodeError:
        raise AuthorityError("The PIN is not text in UTF-8: correct it.") from None


def check_library() -> None:
    """Check that python-pkcs11 is there.

    :raises AuthorityError: it is not.
    """
    try:
        import pkcs11  # noqa: F401 - only whether it can be imported
    except ImportError:
        raise AuthorityError(
            f"Install the Python library python-pkcs11 for {sys.executable}: provider: pkcs11 needs it."
        ) from None


class Token:
    """A token that is logged in to, and the one key in it that counts here."""

    def __init__(self, wanted: Wanted, token: pkcs11.Token, session: pkcs11.Session) -> None:
        self._wanted = wanted
        self._token = token
        self._session = session

    def check_room(self, key_type: str, *, allow_existing_key: bool) -> None:
        """Check that a new CA can have the key.

        :raises AuthorityError: there is one already and it shall not be taken, or it is not of the type.
        """
        self._existing(key_type, allow_existing_key=allow_existing_key)

    @contextlib.contextmanager
    def new_key(self, key_type: str, *, allow_existing_key: bool) -> Iterator[keys.PrivateKey]:
        """Make the key of a new CA, or take the one that is there; a new one goes when the CA does not come to be.

        :raises AuthorityError: as :meth:`check_room`, or the token refuses.
        """
        existing = self._existing(key_type, allow_existing_key=allow_existing_key)
        if existing:
            yield existing
            return
        refused = f"{self._wanted.token_name} does not make a key"
        # Every session of a program shares its login.
        with explained(refused), self._token.open(rw=True) as session:
            made = _generate(session, self._wanted, key_type)
            try:
                public_key, private_key = made
                yield self._paired(private_key, public_key)
            except BaseException:
                for key in made:
                    key.destroy()
                raise

    def load_signer(self, files: AuthorityFiles) -> KeySigner:
        """Open the CA for signing.

        :raises AuthorityError: the certificate cannot be read, the key is not there, or the two do not belong together.
        """
        certificate = file.load_certificate(files)
        private_key = self._find()
        public_key = keys.accepted(certificate.public_key())
        name = self._wanted.key_name
        key = self._pair(private_key, public_key) if private_key else None
        if key is None and self._wanted.previous_key:
            previous = self._wanted._replace(key=self._wanted.previous_key, key_id=None, previous_key=None)
            return Token(previous, self._token, self._session).load_signer(files)
        if private_key is None:
            raise AuthorityError(
                f"There is no private key {name}: give the label of the key that belongs to {files.certificate}."
            )
        if key is None:
            raise AuthorityError(
                f"The key {name} does not belong to {files.certificate}: give the label of the right key."
            )
        return KeySigner(certificate, key)

    def _pair(self, private_key: pkcs11.PrivateKey, public_key: keys.PublicKey) -> keys.PrivateKey | None:
        """Put a private and a public key together, None if they do not belong together."""
        if not keys.key_type(public_key).startswith(self._kind(private_key)):
            return None
        key = token_key.private_key(private_key, public_key, f"The key {self._wanted.key_name} does not sign")
        return key if token_key.belongs(key) else None

    def _existing(self, key_type: str, *, allow_existing_key: bool) -> keys.PrivateKey | None:
        private_key = self._find()
        if private_key is None:
            return None
        name = self._wanted.key_name
        if not allow_existing_key:
            raise AuthorityError(
                f"There is a private key {name} already, perhaps that of a CA whose folder is lost: restore the folder "
                "or give another label, or say allow_existing_key: true when the key was made for this CA."
            )
        if not key_type.startswith(self._kind(private_key)):
            raise AuthorityError(f"The key {name} is {self._kind(private_key)} instead of {key_type}: {_OTHER_KEY}.")
        key = self._paired(private_key, self._public_of(private_key))
        found = keys.key_type(key.public_key())
        if found != key_type:
            raise AuthorityError(f"The key {name} is {found} instead of {key_type}: {_OTHER_KEY}.")
        return key

    def _find(self) -> pkcs11.PrivateKey | None:
        """Find the private key."""
        import pkcs11

        attributes: dict[pkcs11.Attribute, Any] = {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
            pkcs11.Attribute.LABEL: self._wanted.key,
        }
        if self._wanted.key_id:
            attributes[pkcs11.Attribute.ID] = self._wanted.key_id
        with explained(f"{self._wanted.token_name} does not show its keys"):
            found = list(self._session.get_objects(attributes))
        if len(found) > 1:
            raise AuthorityError(
                f"There are {len(found)} private keys {self._wanted.key_name}: say with pkcs11.key_id which one counts."
            )
        return cast("pkcs11.PrivateKey", found[0]) if found else None

    def _public_of(self, private_key: pkcs11.PrivateKey) -> pkcs11.PublicKey:
        """Find the public key beside a private one: with its ID, as is the custom, else with its label."""
        import pkcs11

        attributes: dict[pkcs11.Attribute, Any] = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY}
        with explained(f"{self._wanted.token_name} does not show its keys"):
            if private_key.id:
                attributes[pkcs11.Attribute.ID] = private_key.id
            else:
                attributes[pkcs11.Attribute.LABEL] = self._wanted.key
            found = list(self._session.get_objects(attributes))
        if len(found) != 1:
            raise AuthorityError(
                f"There are {len(found)} public keys beside the private key {self._wanted.key_name}: "
                "keep exactly one with its ID in the token."
            )
        return cast("pkcs11.PublicKey", found[0])

    def _paired(self, private_key: pkcs11.PrivateKey, public_key: pkcs11.PublicKey) -> keys.PrivateKey:
        name = self._wanted.key_name
        try:
            with explained(f"The public key {name} cannot be read"):
                loaded = _public_key(public_key)
        except CertificateError as error:
            raise AuthorityError(f"The public key {name} cannot be used: {error}") from None
        key = token_key.private_key(private_key, loaded, f"The key {name} does not sign")
        if not token_key.belongs(key):
            raise AuthorityError(f"The private and the public key {name} do not belong together: {_OTHER_KEY}.")
        return key

    @staticmethod
    def _kind(private_key: pkcs11.PrivateKey) -> str:
        """Name the type of a key as far as its private half tells it."""
        import pkcs11

        kinds = {pkcs11.KeyType.EC: "ECDSA", pkcs11.KeyType.RSA: "RSA"}
        return kinds.get(private_key.key_type, "neither ECDSA nor RSA")


_OTHER_KEY = "give the label of another key"


@contextlib.contextmanager
def opened(wanted: Wanted, pin: str) -> Iterator[Token]:
    """Log in to a token.

    A PIN that was wrong too often is not tried for the last time: a job that runs by itself must not lock the token.

    :raises AuthorityError: python-pkcs11, the library or the token is not there, or the token does not let us in.
    """
    check_library()
    import pkcs11

    library = _library(wanted.module)
    with explained(wanted.token_name):
        token = library.get_token(token_label=wanted.token)
    refused = why_not_log_in(token.flags)
    if refused:
        raise AuthorityError(f"{wanted.token_name}: {refused}.")
    with explained(wanted.token_name):
        session = token.open(user_pin=pin)
    try:
        yield Token(wanted, token, session)
    finally:
        with contextlib.suppress(pkcs11.PKCS11Error):  # the session ends with this program at the latest
            session.close()


def why_not_log_in(flags: int) -> str | None:
    """Say why a token with these flags (CK_TOKEN_INFO) should not be tried, or None."""
    import pkcs11

    if flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
        return reason("PinLocked")
    if flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
        return "one more wrong PIN would lock it: log in by hand with the right one first"
    return None


def _library(path: str) -> _pkcs11.lib:
    import pkcs11

    try:
        return pkcs11.lib(path)
    except pkcs11.PKCS11Error as error:
        answer = type(error).__name__
        what = f"does not start: {reason(answer)}"
        if answer == "PKCS11Error":  # the base of the others: the library was not even asked
            what = "cannot be loaded on this host: install it or correct pkcs11.module"
        raise AuthorityError(f"The PKCS#11 library {path} {what}.") from None


def _generate(session: pkcs11.Session, wanted: Wanted, key_type: str) -> tuple[pkcs11.PublicKey, pkcs11.PrivateKey]:
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    options: dict[str, Any] = {
        "label": wanted.key,
        "id": wanted.key_id or secrets.token_bytes(16),
        "store": True,
        "capabilities": pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
        "private_template": {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False},
    }
    if key_type not in _CURVES:
        return session.generate_keypair(pkcs11.KeyType.RSA, int(key_type.partition("-")[2]), **options)
    curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(_CURVES[key_type])}
    return session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True).generate_keypair(**options)


def _public_key(public_key: pkcs11.PublicKey) -> keys.PublicKey:
    import pkcs11
    from cryptography.hazmat.primitives import serialization

    encode = pkcs11.util.rsa.encode_rsa_public_key
    if public_key.key_type == pkcs11.KeyType.EC:
        encode = pkcs11.util.ec.encode_ec_public_key
    return keys.accepted(serialization.load_der_public_key(encode(public_key)))
