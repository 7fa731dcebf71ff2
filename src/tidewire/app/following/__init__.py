"""Following another wire: what it makes public is pulled, and handed in here."""
