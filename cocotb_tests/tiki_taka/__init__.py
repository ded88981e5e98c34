"""Tests of the blocks of `ohmgrad.rtl.tiki_taka`."""
