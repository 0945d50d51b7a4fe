"""Side-by-side measurements: ours beside what people would use instead, in one run, as ratios. `make bench`."""
