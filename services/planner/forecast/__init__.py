"""How many will come in the next weeks, beside what seasonal naive says, tested on the past."""
