"""Tests of the blocks of `ohmgrad.rtl.control`."""
