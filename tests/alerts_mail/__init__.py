"""Mail, webhooks and Apprise against real servers, and against servers with faults."""
