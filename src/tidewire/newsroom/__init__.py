"""The public site: a front list and one page for every rendition. Nothing before T0."""
