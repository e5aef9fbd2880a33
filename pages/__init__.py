"""One thin file per page: read widgets, call the core, draw."""
