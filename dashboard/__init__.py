"""What engineers see in the browser; it reads the history and changes nothing."""
