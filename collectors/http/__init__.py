"""What an application says by HTTP when the audit asks: its health endpoints, and how it sends its answers."""
