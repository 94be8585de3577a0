"""budgets.yaml: read, checked and turned into the model; its problems named by file, line and key."""

from headroom.config.loading import load
from headroom.config.model import Config
from headroom.config.problems import ConfigError, Problem

__all__ = ["Config", "ConfigError", "Problem", "load"]
