"""The planner over HTTP: an API for programs and notebooks, a page for people."""
