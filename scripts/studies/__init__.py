"""The studies of `ohmgrad reproduce`: one file each, registered in `framework`."""
