"""Explanations: their figures can be redone, agree with the judge, and any case has one."""
