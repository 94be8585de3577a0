"""What people read of an alert, and that chat and paging services take it."""
