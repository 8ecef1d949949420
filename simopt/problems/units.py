"""Units, and types of numbers, as tables write them below a heading: km/h, [kg m^-2], float64."""

from __future__ import annotations

from simopt.ground.patterns import late

SIGNS = "$€£¥₹₽₩₺₪฿₫₴₦₱¢"
CODES = (
    "AED|ARS|AUD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MXN|MYR|NOK"
    "|NZD|PEN|PHP|PKR|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)

#: Symbols, whose case counts, that take a prefix.
_PREFIXED = (
    "m|g|s|A|K|mol|cd|Hz|N|Pa|J|W|C|V|F|\u03a9|\u2126|[Oo]hm|S|Wb|T|H|lm|lx|Bq|Gy|Sv|l|L|t|bar|eV|cal"
    "|Wh|VA|Ah|B|b|bit|byte|pc|rad|sec"
)
_PREFIX = "da|[YZEPTGMkhdcmu\u00b5\u03bcnpfazy]"

#: Symbols that take none.
_ALONE = (
    "\u00b0[CFKR]?|deg[CFK]?|[%\u2030\u2032\u2033]|hr?|hrs|min|d|wk|yr|in|ft|yd|mi|nmi|mph|kph|lbs?|oz|gal"
    "|psi|atm|[Tt]orr|mmHg|inHg|hp|HP|rpm|RPM|bpm|dBA?|dBm|pH|ha|acres?|AU|ly|mag|kts?|kn|arcsec|arcmin"
    "|sr|pp[mbt]|px|IU|mpg"
)

#: Words, in any case, of one thing or several.
_WORDS = (
    "(?:kilo|centi|milli)?(?:met(?:er|re)|gram|lit(?:er|re))|tonne|ton|second|minute|hour|day|week|month"
    "|year|degree|percent|mile|inch(?:es)?|foot|feet|yard|knot|pound|ounce|volt|ampere|watt|joule|newton"
    "|pascal|kelvin|celsius|fahrenheit|hertz|dollar|euro|thousand|million|billion|count|number|unit|person"
)
_TYPES = (
    "u?int|integer|float|double|bool|boolean|str|string|text|object|category|categorical|date|datetime"
    "|numeric|dimensionless|unitless"
)

_ONE = late(
    rf"(?:{_PREFIX})?(?:{_PREFIXED})|{_ALONE}|[{SIGNS}]|{CODES}|(?i:per|(?:{_WORDS})s?|{_TYPES})"
)

#: What joins units, and their powers.
_JOINTS = late(r"[\s/*.\u00b7^()\d\u207b\u00b9\u00b2\u00b3+-]+")

_BRACKETS = late(r"\[.{0,20}\]|\(.{0,20}\)")


def is_unit(cell: str) -> bool:
    """Whether a cell is a unit, a type of numbers, or anything in brackets but a number.

    Examples
    --------
    >>> all(map(is_unit, ["km/h", "kg m^-2", "10^3 t", "million USD", "[score]", "float64", "-"]))
    True
    >>> any(map(is_unit, ["low", "unknown", "Rome", "(1.5)", "12", ""]))
    False
    """
    if _BRACKETS.fullmatch(cell):
        return any(map(str.isalpha, cell)) or not any(map(str.isdigit, cell))
    parts = [part for part in _JOINTS.split(cell) if part]
    return all(map(_ONE.fullmatch, parts)) if parts else cell in ("-", "\u2013", "\u2014")
