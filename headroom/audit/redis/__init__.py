"""The guide's rules about Redis and caching: facts come in, findings go out. Pure."""
