"""This project and its peers measured on the same work, and what they are measured on."""
