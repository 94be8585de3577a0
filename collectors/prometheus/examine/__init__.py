"""What `headroom doctor` looks at in a Prometheus."""
