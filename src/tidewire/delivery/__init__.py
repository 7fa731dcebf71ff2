"""From public to delivered: plan pages, claim them, hand them to channels, record, retry."""
