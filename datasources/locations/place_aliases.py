"""Common names of countries and regions that the gazetteer's sources lack: former, short, spoken and local names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datasources.words import token_text

_COUNTRIES: Final[Mapping[str, str]] = {
    "AE": "UAE|Emirates|United Arab Emirates|VAE|Vereinigte Arabische Emirate|EAU|Emirati Arabi",
    "BA": "Bosnia|Bosnien|Bosnie",
    "BY": "Byelorussia|White Russia|Weißrussland|Biélorussie|Bielorussia",
    "CD": "DR Congo|DRC|Zaire|Congo Kinshasa|Democratic Republic of the Congo|Kongo Kinshasa|RDC",
    "CF": "Central African Republic|CAR",
    "CG": "Congo Brazzaville|Republic of the Congo",
    "CI": "Ivory Coast|Cote d'Ivoire|Elfenbeinküste|Costa d'Avorio|Costa de Marfil|Costa do Marfim|Ivoorkust",
    "CN": "PRC|People's Republic of China",
    "CV": "Cape Verde|Cabo Verde|Kapverden|Cap-Vert|Capo Verde",
    "CZ": "Czech Republic|Czechia|Tschechische Republik|Tschechei|République tchèque|Repubblica Ceca|República Checa",
    "DE": "Federal Republic of Germany|BRD|FRG",
    "FM": "Micronesia",
    "GB": "Great Britain|Britain|United Kingdom|UK|Großbritannien|Grande-Bretagne|Gran Bretagna|Gran Bretaña|"
    "Vereinigtes Königreich",
    "IE": "Republic of Ireland|Eire|Southern Ireland",
    "IR": "Persia|Persien|Perse",
    "KH": "Kampuchea|Kambodscha",
    "KP": "North Korea|DPRK|Nordkorea|Corée du Nord|Corea del Nord|Corea del Norte",
    "KR": "South Korea|Korea|Republic of Korea|Südkorea|Corée du Sud|Corea del Sud|Corea del Sur",
    "LA": "Laos",
    "LK": "Ceylon",
    "MD": "Moldova|Moldavia|Moldawien|Moldavie",
    "MK": "Macedonia|FYROM|North Macedonia|Mazedonien|Macédoine",
    "MM": "Burma|Myanmar|Birma|Birmanie|Birmania",
    "MO": "Macao|Macau",
    "NL": "Holland|Netherlands|Hollande|Olanda|Holanda|Niederlande",
    "PS": "Palestine|Palästina|Palestina|West Bank",
    "RU": "Russia|Russian Federation|Russland|Russie|Rusia",
    "SY": "Syria|Syrien|Syrie|Siria",
    "SZ": "Swaziland|Eswatini|Swasiland",
    "TH": "Siam",
    "TL": "East Timor|Osttimor|Timor Leste",
    "TR": "Turkey|Türkei|Turquie|Turchia|Turquía|Turquia|Türkiye",
    "TW": "Formosa|Taiwan",
    "TZ": "Tanzania|Tansania|Tanzanie",
    "US": "USA|United States|United States of America|America|Amerika|Amérique|États-Unis|Stati Uniti|Estados Unidos|EEUU|"
    "Vereinigte Staaten|the States",
    "VA": "Vatican|Vatican City|Holy See|Vatikan|Vatikanstadt|Vaticano",
    "VN": "Vietnam|Viet Nam",
    "ZA": "RSA|South Africa",
}
_REGIONS: Final[Mapping[str, str]] = {
    "AT.02": "Kärnten", "AT.03": "Niederösterreich", "AT.04": "Oberösterreich", "AT.06": "Steiermark",
    "BE.VLG": "Vlaanderen|Flandern|Flandre|Fiandre|Flandes", "BE.WAL": "Wallonie|Wallonië|Wallonien",
    "CH.GE": "Genf|Genève", "CH.GR": "Graubünden|Grigioni", "CH.LU": "Luzern", "CH.TI": "Tessin", "CH.VS": "Wallis",
    "DE.05": "Hessen", "DE.06": "Niedersachsen", "DE.07": "Nordrhein-Westfalen|NRW", "DE.08": "Rheinland-Pfalz",
    "DE.13": "Sachsen", "DE.15": "Thüringen",
    "ES.07": "Islas Baleares|Illes Balears|Balearen|Baleari", "ES.51": "Andalucía|Andalusien|Andalousie",
    "ES.53": "Islas Canarias|Kanarische Inseln|Kanaren|Canarie", "ES.55": "Castilla y León",
    "ES.56": "Cataluña|Catalunya|Katalonien|Catalogne|Catalogna", "ES.59": "País Vasco|Euskadi|Baskenland|Pays basque",
    "FR.28": "Normandie|Normandia", "FR.53": "Bretagne|Bretagna|Bretaña", "FR.94": "Corse|Korsika",
    "FR.93": "Provence|PACA|Côte d'Azur|French Riviera",
    "GR.ESYE43": "Kreta|Crète|Creta|Kriti",
    "IT.06": "Friuli|Friuli-Venezia Giulia|Friaul", "IT.09": "Lombardia|Lombardei|Lombardie",
    "IT.10": "Marche|Le Marche", "IT.12": "Piemonte|Piemont|Piémont", "IT.13": "Puglia|Apulien|Pouilles",
    "IT.14": "Sardegna|Sardinien|Sardaigne|Cerdeña", "IT.15": "Sicilia|Sizilien|Sicile",
    "IT.16": "Toscana|Toskana|Toscane", "IT.17": "Trentino|Trentino-Alto Adige|Südtirol|South Tyrol|Alto Adige",
    "IT.18": "Umbria|Umbrien|Ombrie", "IT.19": "Valle d'Aosta|Vallée d'Aoste|Aostatal", "IT.20": "Veneto|Venetien|Vénétie",
    "PL.83": "Śląsk|Schlesien", "PT.14": "Lisboa",
}  # fmt: skip
PLACE_ALIASES: Final = {
    token_text(name).replace(" ", ""): place
    for places in (_COUNTRIES, _REGIONS)
    for place, names in places.items()
    for name in names.split("|")
}
"""Ids of places by name, folded, without spaces. A country has its ISO 3166-1 code as id."""
