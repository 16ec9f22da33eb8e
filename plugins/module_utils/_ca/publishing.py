# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let one run at a time make and publish CRLs, so that none overtakes a newer one on its way to AWS.

AWS takes whatever CRL comes last: of two runs that publish at once, the one with the older CRL could write after the
other had read its own back. So a run holds a lease in the ledger from the making of the CRL until AWS shows it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import from_iso, iso

from .errors import AuthorityError
from .ledger import Ledger, PublishingLease

# A run that was killed keeps the others waiting for so long.
PERIOD = timedelta(minutes=5)
PATIENCE = 3 * PERIOD
_PAUSE = 0.5  # seconds between two looks


def take_lease(ledger: Ledger, holder: str, clock: Callable[[], datetime]) -> None:
    """Wait until no other run publishes, and hold the lease from then on; a run that holds it gets it for longer.

    holder: what no other run is called.

    :raises AuthorityError: the other runs did not end.
    """
    give_up = clock() + PATIENCE
    while True:
        now = clock()
        with ledger.batch():
            lease = ledger.publishing_lease()
            if lease is None or lease.holder == holder or from_iso(lease.until) <= now:
                ledger.set_publishing_lease(PublishingLease(holder, iso(now + PERIOD)))
                return
        if now >= give_up:
            raise AuthorityError(
                f"Other runs have been publishing CRLs for {PATIENCE.seconds // 60} minutes: let them end, "
                "and run again."
            )
        time.sleep(_PAUSE)


def give_lease_back(ledger: Ledger, holder: str) -> None:
    """Let the next run publish, unless that has the lease already."""
    with ledger.batch():
        lease = ledger.publishing_lease()
        if lease is not None and lease.holder == holder:
            ledger.set_publishing_lease(None)
