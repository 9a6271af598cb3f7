"""The typical week of a site, what lies within it, and the year before."""
