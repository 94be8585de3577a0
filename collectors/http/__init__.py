"""What an application says by HTTP when the audit asks: its health, and how it sends its answers."""

from collectors.http.doors import knock

__all__ = ["knock"]
