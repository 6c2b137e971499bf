"""Signed addresses say one thing, to one path, for a while, and nothing else can be made of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.signing import InvalidSignedUrl, UrlSigner, window_end
from access.viewer import GuestLink, Viewer, ViewerKind

ANA = Viewer(ViewerKind.CUSTOMER, "ana@outside", customer="ana", expires_at=5_000)
GUEST = Viewer(ViewerKind.GUEST, "link", guest_of=GuestLink("ana", "trip", "link"))
SERVICE = Viewer(ViewerKind.SERVICE, "reports", scopes=frozenset({"b", "a", "c"}), purpose="tests")
SIGNER = UrlSigner(b"s" * 32)


@pytest.mark.parametrize("viewer", [ANA, GUEST, SERVICE])
def test_what_was_signed_is_read_again(viewer: Viewer) -> None:
    text = SIGNER.sign("/media", viewer, ["photo", "1", "2"], expires_s=1_800)
    signed = SIGNER.read("/media", text, now_s=1_799.9)
    assert signed.resource == ("photo", "1", "2")
    assert signed.viewer == replace(viewer, expires_at=1_800)


def test_the_text_is_the_same_for_the_same_and_another_for_anything_else() -> None:
    text = SIGNER.sign("/media", SERVICE, ["1"], expires_s=1_800)
    turned = replace(SERVICE, scopes=frozenset(["c", "b", "a"]), expires_at=77)
    assert SIGNER.sign("/media", turned, ["1"], expires_s=1_800) == text
    others = {
        SIGNER.sign("/media", SERVICE, ["2"], expires_s=1_800),
        SIGNER.sign("/media", SERVICE, ["1"], expires_s=2_700),
        SIGNER.sign("/media", ANA, ["1"], expires_s=1_800),
        SIGNER.sign("/jobs", SERVICE, ["1"], expires_s=1_800),
        UrlSigner(b"t" * 32).sign("/media", SERVICE, ["1"], expires_s=1_800),
        text,
    }
    assert len(others) == 6


def test_it_ends() -> None:
    text = SIGNER.sign("/media", ANA, ["1"], expires_s=1_800)
    for late in (1_800, 1e12):
        with pytest.raises(InvalidSignedUrl):
            SIGNER.read("/media", text, now_s=late)


def test_another_path_and_another_installation_refuse_it() -> None:
    text = SIGNER.sign("/media", ANA, ["1"], expires_s=1_800)
    for signer, path in ((SIGNER, "/jobs"), (UrlSigner(b"t" * 32), "/media")):
        with pytest.raises(InvalidSignedUrl):
            signer.read(path, text, now_s=0)


def test_no_changed_character_passes() -> None:
    text = SIGNER.sign("/media", ANA, ["1"], expires_s=1_800)
    for at in range(len(text)):
        for character in "A_-z9":
            if text[at] != character:
                with pytest.raises(InvalidSignedUrl):
                    SIGNER.read("/media", text[:at] + character + text[at + 1 :], now_s=0)


@given(st.text(max_size=300))
def test_no_other_text_passes(text: str) -> None:
    with pytest.raises(InvalidSignedUrl):
        SIGNER.read("/media", text, now_s=0)


def test_it_shows_nobody_who_asks_and_for_what() -> None:
    text = SIGNER.sign("/media", ANA, ["secret-photo"], expires_s=1_800)
    assert "ana" not in text.lower()
    assert len(text) < 300


def test_one_quarter_hour_has_one_end() -> None:
    ends = {window_end(900 * 7 + s) for s in (0, 1, 450, 899, 899.999)}
    assert ends == {900 * 9}
    assert window_end(900 * 8) == 900 * 10
