"""The country of disputed territories, and of polygons whose codes differ between the sources."""

from __future__ import annotations

BORDER_CODES: dict[str, str | None] = {
    # Disputed territories: the codes of GeoNames, which all places have.
    "Crimea": "UA",
    "Northern Cyprus": "CY",
    "West Bank": "PS",
    "Gaza Strip": "PS",
    "Bir Tawil": None,  # claimed by no state
    # Codes that only the border polygons have.
    "FX": "FR",
    "CP": "FR",
    "IC": "ES",
    "AC": "SH",
    "TA": "SH",
    "Saint Helena": "SH",
    "DG": "IO",
    "Peros Banhos": "IO",
    "Egmont Islands": "IO",
    "Great Chagos Bank": "IO",
    "Salomon Atoll": "IO",
    "CQ": "GG",
    "Alderney": "GG",
    "Guernsey": "GG",
    "Akrotiri": "CY",
    "Dhekelia": "CY",
    "Svalbard": "SJ",
    "Jan Mayen": "SJ",
    "Bonaire": "BQ",
    "Saba": "BQ",
    "Sint Eustatius": "BQ",
    "Kerguelen Islands": "TF",
    "Crozet Islands": "TF",
    "Saint-Paul and Amsterdam": "TF",
    "Scattered Islands": "TF",
    "Navassa Island": "UM",
    "Wake Island": "UM",
    "Baker Island": "UM",
    "Midway Atoll": "UM",
    "Jarvis Island": "UM",
    "Palmyra Atoll": "UM",
    "Kingman Reef": "UM",
    "Johnston Atoll": "UM",
    "Howland Island": "UM",
}
"""The code (or the English name where there is none) of a border polygon, to the code of GeoNames."""

DISSOLVED = frozenset({"AN", "CS"})
"""Former states that GeoNames still lists."""
