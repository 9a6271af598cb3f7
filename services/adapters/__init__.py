"""What vendors send, made into events by a mapping file."""
