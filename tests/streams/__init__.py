"""Known streams of requests through a real Prometheus, and what is said of them."""
