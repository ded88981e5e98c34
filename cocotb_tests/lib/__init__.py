"""Tests of the parts of `ohmgrad.rtl.lib`."""
