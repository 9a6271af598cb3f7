"""How many desks a half hour needs, and what becomes of the waits when demand or desks change."""
