"""Stand-ins that are real programs: servers, proxies and generated tables for tests."""
