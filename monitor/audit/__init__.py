"""`headroom audit`, and the audit that the collecting process does by itself."""
