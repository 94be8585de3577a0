"""budgets.yaml: what it means, and what is said of a bad one."""
