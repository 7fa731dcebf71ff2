"""The cross-check: what a release says in one language, it says in all of them.

Pure. Facts are read from each rendition (`facts.read`), compared with those of the rendition
that prevails (`compare.compare`), and looked at within one rendition (`within.within`).
What a language needs beyond CLDR stands in `words/TAG.toml`; without one it gets by on CLDR.
"""
