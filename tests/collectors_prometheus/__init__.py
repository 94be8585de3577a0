"""Tests of the Prometheus collector: real servers, hostile servers, and figures written by hand."""
