"""When somebody must know, what they are told, and that it arrives."""
