"""What people do about alerts: `headroom alerts`, and what a cycle makes of it."""
