"""What people do about alerts, and planned work."""
