from __future__ import annotations

import pytest

from services.provision.passwords import fits
from services.runtime.database import DatabaseUrl, unavailable
from services.runtime.settings import InvalidSetting

# Made by PostgreSQL's own library for the role "b" with the password "a".
STORED = (
    "SCRAM-SHA-256$4096:p+jeLzEj1P1UQahGEDY+1A==$b0567VASbNuTwtTSM3F6bXumtJp1nZLRSmMbsZ4xI3k="
    ":747JzMqp/1i9x7iNDXCoQNgZcnH17h0EW7bGpiEinUI="
)


def test_a_password_is_told_from_another_by_what_the_server_stores():
    assert fits("a", STORED)
    assert not fits("b", STORED)


@pytest.mark.parametrize("stored", [None, "", "md5900150983cd24fb0d6963f7d28e17f72", "x$y$z:z"])
def test_anything_but_scram_does_not_fit(stored):
    assert not fits("a", stored)


def test_no_representation_of_a_url_shows_the_password():
    address = DatabaseUrl.parse("postgresql://user:s3cret@host:5433/base?sslmode=require")
    assert str(address) == "user@host:5433/base"
    assert "s3cret" not in repr(address)
    assert address.parameters("test")["password"] == "s3cret"
    assert address.parameters("test")["sslmode"] == "require"


@pytest.mark.parametrize(
    "url", ["postgresql://user:s3%zzcret@host/base", "host=s3cret", "postgresql://user:s3cret@host"]
)
def test_a_wrong_url_is_refused_without_showing_it(url):
    with pytest.raises(InvalidSetting, match=r"PASSAGE_DATABASE_OWNER is wrong") as caught:
        DatabaseUrl.parse(url, "PASSAGE_DATABASE_OWNER")
    assert "s3" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_failed_connection_is_told_without_the_password():
    import psycopg

    address = DatabaseUrl.parse("postgresql://user:s3cret@host:5433/base")
    told = str(unavailable(address, psycopg.OperationalError("FATAL: no s3cret for you")))
    assert "s3cret" not in told
    assert "user@host:5433/base" in told
