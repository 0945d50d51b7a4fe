"""rowd as a service of systemd: its unit, and the steps by which it comes and goes."""
