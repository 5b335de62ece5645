# SPDX-License-Identifier: Apache-2.0
"""What the station's page says of co-signers: who they are, how many, whether that is enough, and what the browser did not check."""

from dataclasses import replace

import pytest

from kua.core.instant import Instant
from kua.ports.index import Vouchers
from kua.web.site.views import Views
from tests.golden.site_fixture import NOW, fixture

TWO = ("jer.example/w", "el.example/w")


@pytest.mark.parametrize(
    ("vouchers", "checked", "vouched"),
    [
        (None, "consistent with the centre’s log.", "No outside co-signers watch the log yet"),
        (Vouchers(3, (), quorum=False, at=None), "consistent with the centre’s log.", "None of its 3 outside co-signers has vouched for it yet"),
        (Vouchers(3, TWO[:1], quorum=False, at=None), "by 1 of 3: jer.example/w.", "That is fewer than the election file asks for."),
        (Vouchers(3, TWO, quorum=True, at=Instant(NOW - 20_000)), "by 2 of 3: jer.example/w, el.example/w.", "vouch that nobody was shown another log"),
    ],
)
def test_the_page_says_who_cosigned(vouchers: Vouchers | None, checked: str, vouched: str) -> None:
    page = Views(replace(fixture(), cosigners=vouchers), "en", "/t").station("10-245")
    assert checked in page.checked
    assert vouched in page.vouched
    assert ("says the centre" in page.checked) == bool(vouchers and vouchers.names)
