# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA host with a SoftHSM2 token, in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.integration.ca.ca_host import PASSPHRASE, CaHost

LABEL = "fleet"
KEY = "Issuing CA G1"
PIN = "482915 sesame"
SECURITY_OFFICER_PIN = "73501946"
NAMES = {"common_name": "Issuing CA G1", "root_common_name": "Root"}

# SoftHSM2 keeps CK_TOKEN_INFO's flags in the attribute CKA_OS_TOKENFLAGS (0x80005348 + 3), which is of the kind 2
# (unsigned long); both numbers and the value have 8 bytes.
_FLAGS_ATTRIBUTE = (0x80005348 + 3).to_bytes(8) + (2).to_bytes(8)


def library(name: str) -> Path:
    """Find a PKCS#11 library where distributions put it."""
    for folder in (Path("/usr/lib/softhsm"), Path("/usr/lib64/pkcs11"), *Path("/usr/lib").glob("*-linux-gnu*")):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(name)


def program(name: str) -> str:
    """Find a program."""
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(name)
    return found


class TokenHost(CaHost):
    """The modules of the CA side, run on one folder and one token. *folder* holds SoftHSM2's tokens."""

    def __init__(self, directory: Path, folder: Path) -> None:
        super().__init__(directory)
        self.folder = folder
        self.pin_path = folder / "pin"
        self.pin_path.write_text(f"{PIN}\n")
        self.pin_path.chmod(0o600)

    def initialize(self, label: str = LABEL) -> None:
        """Make one more token."""
        pins = ["--pin", PIN, "--so-pin", SECURITY_OFFICER_PIN]
        subprocess.run(
            [program("softhsm2-util"), "--init-token", "--free", "--label", label, *pins],
            check=True,
            capture_output=True,
        )

    @property
    def token(self) -> dict[str, str]:
        """What all modules need to open the token."""
        return {
            "module": str(library("libsofthsm2.so")),
            "token": LABEL,
            "key": KEY,
            "pin_path": str(self.pin_path),
        }

    def start(self, module: str, /, *, check_mode: bool = False, **options: Any) -> subprocess.Popen[str]:
        """Start a module; an option, or one within pkcs11, that is None is not given at all."""
        token = {**self.token, **options.pop("pkcs11", {})}
        given_token = {name: value for name, value in token.items() if value is not None}
        options = {"provider": "pkcs11", "pkcs11": given_token, **options}
        if module == "ca":
            options = {**NAMES, "passphrase": PASSPHRASE, **options}
        given = {name: value for name, value in options.items() if value is not None}
        return super().start(module, check_mode=check_mode, **given)

    def raise_flag(self, flag: int) -> None:
        """Set a flag of the token, as a device does that counts wrong PINs; SoftHSM2 itself does not count them."""
        (path,) = (self.folder / "tokens").glob("*/token.object")
        content = path.read_bytes()
        start = content.index(_FLAGS_ATTRIBUTE) + len(_FLAGS_ATTRIBUTE)
        flags = int.from_bytes(content[start : start + 8]) | flag
        path.write_bytes(content[:start] + flags.to_bytes(8) + content[start + 8 :])

    def tool(self, statements: str) -> list[str]:
        """Return a Python program of python-pkcs11 that has an open session in *session*."""
        script = (
            "import os, sys, pkcs11\n"
            "token = pkcs11.lib(sys.argv[1]).get_token(token_label=sys.argv[2])\n"
            "session = token.open(rw=True, user_pin=os.environ['PIN'])\n"
        )
        return ["-c", script + statements, self.token["module"], LABEL]
