"""What facts mean: pure, no I/O and no clock; each function turns facts into findings."""
