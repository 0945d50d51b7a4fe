"""What every emulator shares: the way of a request, routes, quotas, faults, the clock, the journal, and the HTTP server."""
