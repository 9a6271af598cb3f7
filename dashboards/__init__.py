"""Grafana boards as code: one function per panel, texts in one catalogue, SQL in `.sql` files."""
