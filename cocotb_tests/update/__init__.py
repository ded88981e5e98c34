"""Tests of the blocks of `ohmgrad.rtl.update`."""
