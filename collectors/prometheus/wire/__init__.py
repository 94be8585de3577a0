"""How a Prometheus is reached: address, login, certificates, and a session that bounds what comes back."""
