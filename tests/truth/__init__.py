"""What is said of a database, held against what its own log says of every single execution."""
