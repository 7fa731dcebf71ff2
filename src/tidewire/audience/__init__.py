"""Who gets a release: interests, the bitmap index, the rendition each subscriber reads."""
