"""The guide's rules other than its budgets: facts come in, findings go out. Pure."""
