"""What Headroom tells of itself, and who hears when it does not."""
