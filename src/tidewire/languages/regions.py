"""Regions of the world, by the UN's M49 codes: "150" is Europe, "145" Western Asia.

The sub-regions and what they hold are those of M49; Taiwan and Kosovo, which it does not list by
themselves, stand where CLDR has them. Names come from CLDR, and M49's own are known beside them.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from babel import Locale

from tidewire.languages.tags import is_country

WORLD = "001"

_MEMBERS = {
    WORLD: "002 009 019 142 150 AQ",
    "002": "015 202",
    "202": "011 014 017 018",
    "019": "021 419",
    "003": "013 021 029",
    "419": "005 013 029",
    "142": "030 034 035 143 145",
    "150": "039 151 154 155",
    "009": "053 054 057 061",
    "005": "AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE",
    "011": "BF BJ CI CV GH GM GN GW LR ML MR NE NG SH SL SN TG",
    "013": "BZ CR GT HN MX NI PA SV",
    "014": "BI DJ ER ET IO KE KM MG MU MW MZ RE RW SC SO SS TF TZ UG YT ZM ZW",
    "015": "DZ EG EH LY MA SD TN",
    "017": "AO CD CF CG CM GA GQ ST TD",
    "018": "BW LS NA SZ ZA",
    "021": "BM CA GL PM US",
    "029": "AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI",
    "030": "CN HK JP KP KR MN MO TW",
    "034": "AF BD BT IN IR LK MV NP PK",
    "035": "BN ID KH LA MM MY PH SG TH TL VN",
    "039": "AD AL BA ES GI GR HR IT ME MK MT PT RS SI SM VA XK",
    "053": "AU CC CX HM NF NZ",
    "054": "FJ NC PG SB VU",
    "057": "FM GU KI MH MP NR PW UM",
    "061": "AS CK NU PF PN TK TO TV WF WS",
    "143": "KG KZ TJ TM UZ",
    "145": "AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR YE",
    "151": "BG BY CZ HU MD PL RO RU SK UA",
    "154": "AX DK EE FI FO GB GG IE IM IS JE LT LV NO SE SJ",
    "155": "AT BE CH DE FR LI LU MC NL",
}

# M49's names where CLDR has others.
_NAMES = {
    "australia and new zealand": "053",
    "latin america and the caribbean": "419",
    "micronesia": "057",
    "south-eastern asia": "035",
}


def region_code(text: str) -> str | None:
    """The code of a region given as its code or its English name, in any case; None for others."""
    text = " ".join(text.split())
    return text if text in _MEMBERS else _by_name().get(text.casefold())


def place_code(text: str) -> str | None:
    """The code of a country (by its ISO 3166-1 code) or of a region; None for others."""
    country = text.strip().upper()
    return country if is_country(country) else region_code(text)


@cache
def within(code: str) -> frozenset[str]:
    """A region, and all regions and countries in it; of a country, itself."""
    inside = (within(member) for member in _MEMBERS.get(code, "").split())
    return frozenset({code}).union(*inside)


@cache
def around(country: str) -> frozenset[str]:
    """A country (ISO 3166-1 alpha-2), and all regions that it lies in."""
    return frozenset({country, *(code for code in _MEMBERS if country in within(code))})


@cache
def _by_name() -> Mapping[str, str]:
    territories = Locale("en").territories
    names = {str(territories[code]).casefold(): code for code in _MEMBERS}
    return MappingProxyType(names | _NAMES)
