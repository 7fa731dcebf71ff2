"""Where the world's subscribers live: ninety countries, and what is read there."""

from collections.abc import Mapping
from types import MappingProxyType

# ISO 3166-1 alpha-2 -> the languages read there (of the fifteen), the most common first.
PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "DE": ("de",), "US": ("en", "es"), "GB": ("en",), "FR": ("fr",), "JP": ("ja",),
        "CN": ("zh-Hans",), "KR": ("ko",), "AT": ("de",), "CH": ("de", "fr"), "CA": ("en", "fr"),
        "AU": ("en",), "IN": ("en",), "BR": ("pt",), "ES": ("es",), "MX": ("es",),
        "TW": ("zh-Hant",), "HK": ("zh-Hant", "en"), "SG": ("en", "zh-Hans", "ms"),
        "MY": ("ms", "en"), "ID": ("id",), "TH": ("th",), "VN": ("vi",), "RU": ("ru",),
        "SA": ("ar",), "AE": ("ar", "en"), "EG": ("ar",), "PT": ("pt",), "BE": ("fr", "de"),
        "LU": ("fr", "de"), "LI": ("de",), "NL": ("en", "de"), "IT": ("en", "de"),
        "SE": ("en",), "NO": ("en",), "DK": ("en", "de"), "FI": ("en",), "IE": ("en",),
        "IS": ("en",), "PL": ("en", "de"), "CZ": ("de", "en"), "SK": ("en", "de"),
        "HU": ("en", "de"), "RO": ("en", "fr"), "BG": ("en", "ru"), "GR": ("en",),
        "HR": ("en", "de"), "SI": ("en", "de"), "RS": ("en",), "EE": ("en", "ru"),
        "LV": ("en", "ru"), "LT": ("en", "ru"), "UA": ("ru", "en"), "KZ": ("ru",),
        "GE": ("en", "ru"), "AM": ("ru", "en"), "TR": ("en", "de"), "CY": ("en",),
        "MT": ("en",), "IL": ("en", "ar"), "JO": ("ar",), "LB": ("ar", "fr"), "KW": ("ar",),
        "QA": ("ar", "en"), "BH": ("ar",), "OM": ("ar",), "IQ": ("ar",), "MA": ("ar", "fr"),
        "DZ": ("ar", "fr"), "TN": ("ar", "fr"), "SN": ("fr",), "CI": ("fr",), "CM": ("fr", "en"),
        "NG": ("en",), "GH": ("en",), "KE": ("en",), "TZ": ("en",), "ZA": ("en",),
        "AO": ("pt",), "MZ": ("pt",), "NZ": ("en",), "PH": ("en",), "PK": ("en",),
        "BD": ("en",), "LK": ("en",), "AR": ("es",), "CL": ("es",), "CO": ("es",),
        "PE": ("es",), "UY": ("es",), "EC": ("es",),
    }
)  # fmt: skip
