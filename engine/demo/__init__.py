"""The demo: a throw-away home with a shop, a partner and 90 days behind it, all on this machine alone."""
