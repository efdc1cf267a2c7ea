"""What may be printed: rules, protection, and the sealed numbers that pages are made of."""
