"""The places of the demo, which are real places with their coordinates and time zones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spot:
    """The center of a place; its photos are at most `spread_km` away from it."""

    latitude: float
    longitude: float
    zone: str
    altitude_m: int
    spread_km: float
    themes: tuple[str, ...]
    """The scenes of the photos: keys of `scene_templates.SCENES`."""


_TOWN = ("city", "street", "food", "architecture", "museum", "sunset")
_COAST = ("beach", "sea", "sunset", "food", "boat")

SPOTS: dict[str, Spot] = {
    # Europe
    "rome": Spot(41.8933, 12.4829, "Europe/Rome", 37, 5, (*_TOWN, "ruins", "church", "cat")),
    "ostia": Spot(41.7305, 12.2790, "Europe/Rome", 3, 2, _COAST),
    "orvieto": Spot(42.7185, 12.1113, "Europe/Rome", 325, 1, ("church", "street", "food", "architecture")),
    "cagliari": Spot(39.2238, 9.1217, "Europe/Rome", 4, 3, (*_COAST, "street")),
    "villasimius": Spot(39.1437, 9.5200, "Europe/Rome", 41, 2, _COAST),
    "cortina": Spot(46.5405, 12.1357, "Europe/Rome", 1224, 5, ("snow", "skiing", "mountain", "food")),
    "etna": Spot(37.7167, 15.0000, "Europe/Rome", 1910, 3, ("volcano", "hike", "mountain")),
    "siracusa": Spot(37.0755, 15.2866, "Europe/Rome", 17, 2, (*_TOWN, "ruins", "sea")),
    "matera": Spot(40.6664, 16.6043, "Europe/Rome", 401, 1, ("street", "architecture", "church", "sunset")),
    "paris": Spot(48.8566, 2.3522, "Europe/Paris", 35, 4, (*_TOWN, "night")),
    "berlin": Spot(52.5200, 13.4050, "Europe/Berlin", 34, 5, (*_TOWN, "night", "train")),
    "hamburg": Spot(53.5511, 9.9937, "Europe/Berlin", 8, 3, ("boat", "bridge", "city", "food")),
    "lisbon": Spot(38.7223, -9.1393, "Europe/Lisbon", 45, 4, (*_TOWN, "train", "bridge")),
    "porto": Spot(41.1579, -8.6291, "Europe/Lisbon", 104, 3, ("bridge", "boat", "street", "food", "sunset")),
    "seville": Spot(37.3891, -5.9845, "Europe/Madrid", 11, 3, (*_TOWN, "church", "night")),
    "granada": Spot(37.1773, -3.5986, "Europe/Madrid", 738, 2, ("architecture", "flowers", "street", "sunset")),
    "reykjavik": Spot(64.1466, -21.9426, "Atlantic/Reykjavik", 20, 3, ("city", "sea", "food", "night")),
    "vik": Spot(63.4186, -19.0060, "Atlantic/Reykjavik", 10, 4, ("beach", "waterfall", "bird", "hike")),
    "jokulsarlon": Spot(64.0784, -16.2306, "Atlantic/Reykjavik", 2, 2, ("lake", "snow", "boat")),
    "edinburgh": Spot(55.9533, -3.1883, "Europe/London", 47, 3, ("castle", "street", "museum", "rain")),
    # Africa
    "marrakech": Spot(31.6295, -7.9811, "Africa/Casablanca", 466, 2, ("market", "food", "street", "architecture")),
    "merzouga": Spot(31.0802, -4.0133, "Africa/Casablanca", 700, 6, ("desert", "camel", "sunset", "night")),
    "capetown": Spot(-33.9249, 18.4241, "Africa/Johannesburg", 25, 5, ("city", "beach", "mountain", "food")),
    "boulders": Spot(-34.1975, 18.4510, "Africa/Johannesburg", 5, 1, ("penguin", "beach", "sea")),
    "kruger": Spot(-24.0112, 31.4853, "Africa/Johannesburg", 300, 20, ("elephant", "safari", "bird", "sunset")),
    # Asia
    "tokyo": Spot(35.6762, 139.6503, "Asia/Tokyo", 40, 8, (*_TOWN, "night", "train", "temple")),
    "kyoto": Spot(35.0116, 135.7681, "Asia/Tokyo", 50, 4, ("temple", "flowers", "forest", "food", "street")),
    "hiroshima": Spot(34.3853, 132.4553, "Asia/Tokyo", 8, 4, ("temple", "boat", "museum", "food")),
    "hakone": Spot(35.2324, 139.1069, "Asia/Tokyo", 723, 4, ("lake", "mountain", "boat", "train")),
    "kathmandu": Spot(27.7172, 85.3240, "Asia/Kathmandu", 1400, 4, ("temple", "market", "street", "food")),
    "pokhara": Spot(28.2096, 83.9856, "Asia/Kathmandu", 822, 6, ("lake", "mountain", "boat", "hike")),
    "bengaluru": Spot(12.9716, 77.5946, "Asia/Kolkata", 920, 6, ("city", "market", "food", "flowers", "garden")),
    "mysuru": Spot(12.2958, 76.6394, "Asia/Kolkata", 770, 3, ("architecture", "temple", "market")),
    "hampi": Spot(15.3350, 76.4600, "Asia/Kolkata", 467, 3, ("ruins", "temple", "sunset", "river")),
    "goa": Spot(15.2993, 74.1240, "Asia/Kolkata", 10, 10, _COAST),
    "agra": Spot(27.1751, 78.0421, "Asia/Kolkata", 171, 1, ("architecture", "river", "garden")),
    "jaipur": Spot(26.9124, 75.7873, "Asia/Kolkata", 431, 4, ("castle", "elephant", "market", "architecture")),
    "colombo": Spot(6.9271, 79.8612, "Asia/Colombo", 5, 4, (*_COAST, "train")),
    "kandy": Spot(7.2906, 80.6337, "Asia/Colombo", 500, 3, ("temple", "elephant", "lake", "train")),
    "istanbul": Spot(41.0082, 28.9784, "Europe/Istanbul", 39, 4, (*_TOWN, "cat", "bridge", "boat")),
    # Americas
    "newyork": Spot(40.7306, -73.9866, "America/New_York", 10, 6, (*_TOWN, "bridge", "night")),
    "washington": Spot(38.8951, -77.0364, "America/New_York", 7, 3, ("museum", "architecture", "garden")),
    "stjohns": Spot(47.5615, -52.7126, "America/St_Johns", 30, 4, ("sea", "boat", "bird", "rain")),
    "sanfrancisco": Spot(37.7749, -122.4194, "America/Los_Angeles", 16, 4, ("bridge", "city", "food", "sea")),
    "yosemite": Spot(37.7456, -119.5936, "America/Los_Angeles", 1200, 5, ("waterfall", "mountain", "hike", "forest")),
    "honolulu": Spot(21.3069, -157.8583, "Pacific/Honolulu", 6, 5, ("beach", "sea", "sunset", "food")),
    "buenosaires": Spot(-34.6037, -58.3816, "America/Argentina/Buenos_Aires", 25, 5, (*_TOWN, "night", "dog")),
    "calafate": Spot(-50.4967, -73.1377, "America/Argentina/Rio_Gallegos", 190, 3, ("lake", "snow", "hike", "mountain")),
    "cusco": Spot(-13.5319, -71.9675, "America/Lima", 3399, 2, ("market", "church", "street", "food")),
    "machupicchu": Spot(-13.1631, -72.5450, "America/Lima", 2430, 1, ("ruins", "mountain", "hike")),
    # Oceania, and both sides of the date line
    "sydney": Spot(-33.8688, 151.2093, "Australia/Sydney", 20, 6, (*_TOWN, "beach", "bridge", "boat")),
    "adelaide": Spot(-34.9285, 138.6007, "Australia/Adelaide", 50, 6, ("city", "garden", "food", "beach")),
    "auckland": Spot(-36.8509, 174.7645, "Pacific/Auckland", 20, 7, ("city", "boat", "beach", "food", "garden")),
    "rotorua": Spot(-38.1368, 176.2497, "Pacific/Auckland", 285, 4, ("volcano", "lake", "forest")),
    "queenstown": Spot(-45.0312, 168.6626, "Pacific/Auckland", 310, 5, ("lake", "mountain", "snow", "skiing")),
    "chatham": Spot(-43.9530, -176.5597, "Pacific/Chatham", 10, 6, ("sea", "bird", "boat", "beach")),
    "suva": Spot(-18.1248, 178.4501, "Pacific/Fiji", 6, 4, ("beach", "market", "boat", "flowers")),
    "apia": Spot(-13.8507, -171.7514, "Pacific/Apia", 2, 4, ("beach", "church", "sea", "sunset")),
    "pagopago": Spot(-14.2756, -170.7020, "Pacific/Pago_Pago", 9, 2, ("sea", "forest", "boat")),
}  # fmt: skip
