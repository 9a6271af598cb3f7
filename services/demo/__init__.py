"""The whole pipeline on one machine, in one command: it only puts the services together."""
