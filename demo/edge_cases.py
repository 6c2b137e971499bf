"""Hand-written records of unusual pictures, such as scans without a time and photos near the date line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resolvers.importing.record_reading import read_record
from resolvers.importing.records import ImportRecord

_NONNA = {"key": "nonna-box", "title": "La scatola di nonna Rosa"}
_SCANNER = {"make": "EPSON", "model": "Perfection V600"}


def _scan(name: str, taken: str | None, caption: str, **more: Any) -> dict[str, Any]:
    return {
        "sourceId": f"scan/{name}", "mediaType": "PHOTO", "fileName": f"{name}.tif", "contentType": "image/tiff",
        "takenAt": taken, "caption": caption, "captionLanguage": "it", "camera": _SCANNER, "albums": [_NONNA],
        "keywords": ["scan"], "width": 3600, "height": 2400, "fileSize": 26_000_000,
    } | more  # fmt: skip


def _plain(name: str, **more: Any) -> dict[str, Any]:
    return {"sourceId": f"odd/{name}", "mediaType": "PHOTO", "fileName": name, "contentType": "image/jpeg"} | more


def _label(*keys: str) -> list[dict[str, Any]]:
    return [{"key": key, "confidence": round(0.97 - 0.09 * rank, 2)} for rank, key in enumerate(keys)]


_ORVIETO = {"latitude": 42.7185, "longitude": 12.1113}
_EDGE_CASES: Mapping[str, tuple[dict[str, Any], ...]] = {
    "ana": (
        _scan("1912-bisnonni", "1912-06-16T11:00:00", "I bisnonni davanti alla casa di Orvieto", **_ORVIETO,
              labels=_label("building")),
        _scan("1928-prima-auto", "1928-05-01T12:00:00", "La prima automobile del paese", **_ORVIETO,
              labels=_label("car", "street")),
        _scan("1944-liberazione", "1944-06-05T16:00:00", "Il giorno dopo la liberazione di Roma",
              latitude=41.8902, longitude=12.4922, labels=_label("street", "city")),
        _scan("1951-matrimonio", "1951-09-08T10:30:00", "Il matrimonio di nonna Rosa", **_ORVIETO,
              labels=_label("wedding", "church"), people=[{"key": "nonna-rosa", "name": "Nonna Rosa"}]),
        _scan("1958-mare", "1958-08-15T15:00:00", "Ferragosto a Ostia", latitude=41.7305, longitude=12.2790,
              labels=_label("beach", "sea"), people=[{"key": "nonna-rosa", "name": "Nonna Rosa"}], favorite=True),
        _scan("1969-luna", "1969-07-20T22:17:00+02:00", "Lo sbarco sulla luna, visto dal bar",
              labels=_label("night", "restaurant")),
        _scan("senza-data-1", None, "Nessuno ricorda più chi sia", labels=_label("person")),
        _scan("senza-data-2", None, "Una gita in montagna, forse negli anni trenta", labels=_label("mountain")),
        _plain("IMG-20190812-WA0003.jpg", width=1600, height=1200, fileSize=210_000, labels=_label("dog", "grass"),
               caption="Luna cucciola, mandata da Chiara", captionLanguage="it"),
        _plain("IMG-20210101-WA0017.jpg", width=1080, height=1350, fileSize=180_000, labels=_label("fireworks")),
        _plain("Screenshot 2023-11-02 at 09.14.11.png", contentType="image/png", width=1170, height=2532,
               takenAt="2023-11-02T09:14:11+01:00", labels=_label("screenshot"),
               recognizedText="Carta d'imbarco\nMORETTI/ANA\nFCO → AEP\nGate E31  Posto 24A"),
        _plain("Screenshot 2024-07-12 at 18.40.02.png", contentType="image/png", width=1170, height=2532,
               takenAt="2024-07-12T18:40:02+02:00", labels=_label("screenshot"),
               recognizedText="Wi-Fi guest network\nName: Casa Moretti\nAsk Luca"),
        _plain("IMG_7731.HEIC", contentType="image/heic", width=3024, height=4032, takenAt="2025-03-03T13:05:44+01:00",
               labels=_label("document", "receipt"), hidden=True, latitude=41.8986, longitude=12.4769,
               recognizedText="TRATTORIA DA ENZO\n2 x Carbonara 28,00\n1 x Vino 14,00\nTOTALE EUR 42,00"),
        # The family flew from Samoa to American Samoa, across the date line.
        _plain("IMG_8101.HEIC", contentType="image/heic", takenAt="2024-08-06T18:20:00+13:00", latitude=-13.8340,
               longitude=-171.7600, caption="Goodbye Apia: it is Tuesday evening", captionLanguage="en",
               labels=_label("airplane", "sunset"), albums=[{"key": "2024-pacific", "title": "Across the Pacific"}]),
        _plain("IMG_8102.HEIC", contentType="image/heic", takenAt="2024-08-05T19:10:00-11:00", latitude=-14.3310,
               longitude=-170.7105, caption="Hello Pago Pago: it is Monday again", captionLanguage="en",
               labels=_label("airplane", "night"), albums=[{"key": "2024-pacific", "title": "Across the Pacific"}],
               favorite=True, rating=5),
        _plain("IMG_8044.HEIC", contentType="image/heic", takenAt="2024-08-04T12:00:00+13:00", latitude=-16.1000,
               longitude=180.0, caption="Exactly on the 180th meridian", captionLanguage="en", labels=_label("sea"),
               albums=[{"key": "2024-pacific", "title": "Across the Pacific"}]),
        # The hour that Rome had twice when summer time ended: the second picture is the later one.
        _plain("IMG_9001.HEIC", contentType="image/heic", takenAt="2025-10-26T02:50:00+02:00", latitude=41.8933,
               longitude=12.4829, caption="Le due e cinquanta, la prima volta", captionLanguage="it",
               labels=_label("night", "party")),
        _plain("IMG_9002.HEIC", contentType="image/heic", takenAt="2025-10-26T02:10:00+01:00", latitude=41.8933,
               longitude=12.4829, caption="Venti minuti dopo, e sono le due e dieci", captionLanguage="it",
               labels=_label("night", "party")),
        _plain("DSC_leap.JPG", takenAt="2024-02-29T12:00:00+01:00", latitude=41.8933, longitude=12.4829,
               caption="Il 29 febbraio", captionLanguage="it", labels=_label("city")),
    ),
    "kenji": (
        _plain("family-1964.jpg", takenAt="1964-10-10T14:00:00+09:00", latitude=35.6779, longitude=139.7146,
               caption="東京オリンピックの開会式", captionLanguage="ja", keywords=["scan"], labels=_label("sport")),
        _plain("chatham-newyear.jpg", takenAt="2023-01-01T00:00:30+13:45", latitude=-43.9530, longitude=-176.5597,
               caption="First midnight of the world", captionLanguage="en", labels=_label("fireworks", "night")),
        _plain("ship-at-sea.jpg", takenAt="2023-09-28T06:10:00+12:00", latitude=-25.5, longitude=-179.9,
               caption="海だけ、四方とも", captionLanguage="ja", labels=_label("sea", "sky")),
        _plain("whiteboard.jpg", takenAt="2021-05-17T10:00:00+12:00", labels=_label("document"), hidden=True,
               recognizedText="Sprint 14\n1. map tiles\n2. なまえ検索\n3. retry budget"),
        _plain("unknown-1.jpg", labels=_label("dog")),
    ),
    "priya": (
        _plain("dadi-1947.jpg", takenAt="1947-08-15T08:30:00+05:30", latitude=12.9763, longitude=77.5929,
               caption="दादी, आज़ादी की सुबह", captionLanguage="hi", keywords=["scan"], labels=_label("street"),
               people=[{"key": "dadi", "name": "दादी"}], favorite=True),
        _plain("recipe.jpg", takenAt="2022-03-20T17:00:00+05:30", labels=_label("document", "food"),
               recognizedText="Dosa batter\n3 cups rice\n1 cup urad dal\nferment overnight"),
        _plain("signal-hill.jpg", takenAt="2026-06-24T05:05:00-02:30", latitude=47.5696, longitude=-52.6819,
               caption="Le premier lever de soleil d'Amérique", captionLanguage="fr", labels=_label("sunrise", "sea")),
        _plain("no-name-1.jpg", labels=_label("flower")),
    ),
}  # fmt: skip


def edge_cases(external_id: str) -> Iterator[ImportRecord]:
    """The records of one household, in this order."""
    for raw in _EDGE_CASES[external_id]:
        yield read_record(raw)
