"""Tests of the sample ERP and its servers."""
