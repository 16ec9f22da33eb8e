# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a CA keeps its files, and that all of them are its owner's alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .errors import AuthorityError
from .private_files import is_there


class AuthorityFiles(NamedTuple):
    """What belongs to one CA, the root or an issuing one, in a folder."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """The certificate in PEM."""
        return self.folder / "certificate.pem"

    @property
    def private_key(self) -> Path:
        """The private key in PEM, PKCS #8."""
        return self.folder / "private-key.pem"

    @property
    def crl(self) -> Path:
        """The CA's newest CRL in PEM. The root has none."""
        return self.folder / "crl.pem"


class Layout(NamedTuple):
    """The files of a CA below its folder."""

    directory: Path

    @property
    def root(self) -> AuthorityFiles:
        """The root; its key may be taken away and kept offline."""
        return AuthorityFiles(self.directory / "root")

    @property
    def issuing(self) -> AuthorityFiles:
        """The CA that signs workload certificates and CRLs. It appears last, so that it stands for a complete CA."""
        return AuthorityFiles(self.directory / "issuing")

    @property
    def next(self) -> AuthorityFiles:
        """The issuing CA that is to take over in a roll-over."""
        return AuthorityFiles(self.directory / "next")

    @property
    def previous(self) -> AuthorityFiles:
        """The issuing CA that a roll-over has replaced, as long as certificates of it are in use."""
        return AuthorityFiles(self.directory / "previous")

    @property
    def retired(self) -> Path:
        """The folder of the issuing CAs whose certificates nobody uses any more."""
        return self.directory / "retired"

    @property
    def crl(self) -> Path:
        """The newest CRL of the issuing CA in PEM."""
        return self.issuing.crl

    @property
    def ledger(self) -> Path:
        """The SQLite file that knows every certificate issued."""
        return self.directory / "ledger.sqlite"

    def issuing_ever(self) -> Iterator[AuthorityFiles]:
        """The issuing CAs that there are or were."""
        yield from (files for files in (self.previous, self.issuing, self.next) if is_there(files.folder))
        if is_there(self.retired):
            yield from (AuthorityFiles(folder) for folder in sorted(self.retired.iterdir()))

    @property
    def shared_ledger(self) -> Path:
        """Stands in the place of the ledger when that was moved to where several controllers share it."""
        return self.directory / "ledger.dynamodb"

    def check_ledger_is_file(self, module: str) -> None:
        """Check that the ledger was not moved, for a module that works with the file only.

        :raises AuthorityError: it was.
        """
        if is_there(self.shared_ledger) and not is_there(self.ledger):
            raise AuthorityError(
                f"The ledger of the CA in {self.directory} lies in DynamoDB, and {module} works with the file only."
            )

    def paths(self) -> Iterator[Path]:
        """All folders and files that the CA may have."""
        yield self.directory
        for files in (self.root, self.previous, self.issuing, self.next):
            yield from (files.folder, files.certificate, files.private_key, files.crl)
        yield from (self.retired, self.ledger)


def existing(directory: str) -> Layout:
    """Find the CA in a folder. Nothing but the module ca ever makes one.

    :raises AuthorityError: there is no CA, it is another user's, or its ledger is gone.
    """
    layout = Layout(Path(directory).absolute())
    if not is_there(layout.issuing.certificate):
        if is_there(layout.next.certificate) and is_there(layout.previous.certificate):
            raise AuthorityError(
                f"The roll-over of the CA in {layout.directory} stopped half-way: run ca_rollover once more with the "
                "state switched."
            )
        raise AuthorityError(f"There is no CA in {layout.directory}: make one with the module fleet.rolesanywhere.ca.")
    if not is_there(layout.ledger) and not is_there(layout.shared_ledger):
        raise AuthorityError(
            f"The CA in {layout.directory} has lost its ledger: restore {layout.ledger.name} from a backup, "
            "for a new one would know nothing of what was issued and revoked."
        )
    return layout
