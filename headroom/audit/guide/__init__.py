"""The guide rule by rule: where each stands, what it says, and what answers it. Pure."""
