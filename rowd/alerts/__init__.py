"""People are told when something is wrong: what stands is looked at, put down, and carried to channels. Beside the loop."""
