"""Single instances beside the whole: how they are called, and up to how many they are told one by one."""

from __future__ import annotations

from collections.abc import Collection

from collectors.prometheus.asked import Target
from headroom.budgets import Subject

MOST = 20
"""Instances told one by one. Each is a stored row for every class at every poll: twenty of them with nine
classes, polled every 15 s, are a million rows a day already."""


def subjects(targets: Collection[Target]) -> dict[Target, Subject]:
    """Return the instance as subject, and the job too where two jobs scrape one instance."""
    instances = [instance for _, instance in targets]
    return {
        (job, instance): (
            (("instance", instance),)
            if instances.count(instance) == 1
            else (("instance", instance), ("job", job))
        )
        for job, instance in targets
    }
