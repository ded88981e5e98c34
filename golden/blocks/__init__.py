"""What each block computes, in integers; `ohmgrad.rtl` has the same rooms, with how."""
