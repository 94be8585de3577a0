"""What is said of the rows."""
