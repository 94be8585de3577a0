"""The edges that read sources; each package imports one driver and none of its neighbours."""
