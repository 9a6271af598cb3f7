"""The live picture of each site, for hall displays and other systems."""
