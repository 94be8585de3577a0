"""What is collected of machines, containers and processes behind a Prometheus."""
