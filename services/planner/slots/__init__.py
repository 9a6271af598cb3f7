"""Open slots of a site and what was counted in them: the ground of typical week and forecast."""
