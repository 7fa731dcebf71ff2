"""Tidewire's own sectors, each mapped to the IPTC Media Topic that comes nearest ("" for none)."""

from collections.abc import Mapping
from types import MappingProxyType

SECTORS: Mapping[str, str] = MappingProxyType(
    {
        "top-story": "",
        "daily-news": "",
        "agriculture": "medtop:20000210",
        "automotive": "medtop:20000296",
        "aviation": "medtop:20000338",
        "chemicals": "medtop:20000217",
        "construction": "medtop:20000235",
        "consumer-goods": "medtop:20000243",
        "culture": "medtop:01000000",
        "defence": "medtop:20000598",
        "education": "medtop:05000000",
        "energy": "medtop:20000256",
        "environment": "medtop:06000000",
        "finance": "medtop:20001370",
        "gaming": "medtop:10000000",
        "government": "medtop:11000000",
        "health": "medtop:07000000",
        "industry": "medtop:04000000",
        "law": "medtop:02000000",
        "logistics": "medtop:20001170",
        "maritime": "medtop:20000291",
        "media": "medtop:20000304",
        "mining": "medtop:20000316",
        "pharma": "medtop:20000223",
        "real-estate": "medtop:20000235",
        "retail": "medtop:20000252",
        "science": "medtop:13000000",
        "sport": "medtop:15000000",
        "technology": "medtop:20000225",
        "telecoms": "medtop:20000233",
        "tourism": "medtop:20000563",
    }
)

# The seventeen top-level IPTC Media Topics, with Tidewire's English words for them.
TOP_SUBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "medtop:01000000": "arts, culture and entertainment",
        "medtop:02000000": "crime and law",
        "medtop:03000000": "disasters and accidents",
        "medtop:04000000": "economy and business",
        "medtop:05000000": "education",
        "medtop:06000000": "environment",
        "medtop:07000000": "health",
        "medtop:08000000": "human interest",
        "medtop:09000000": "work",
        "medtop:10000000": "lifestyle and leisure",
        "medtop:11000000": "politics",
        "medtop:12000000": "religion",
        "medtop:13000000": "science and technology",
        "medtop:14000000": "society",
        "medtop:15000000": "sport",
        "medtop:16000000": "conflict and war",
        "medtop:17000000": "weather",
    }
)
