"""The guide's rules about the application, its containers and metrics: facts in, findings out. Pure."""
