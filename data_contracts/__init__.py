"""Open Data Contract Standard 3.1, one YAML per published table."""
