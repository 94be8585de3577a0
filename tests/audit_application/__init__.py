"""The audit of the application: its doors, what Prometheus knows of it, and the rules."""
