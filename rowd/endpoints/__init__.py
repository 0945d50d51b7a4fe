"""Web services are told of events: what happens is put down for each, and sent, signed, until it is taken. Beside the loop."""
