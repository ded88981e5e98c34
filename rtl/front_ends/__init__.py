"""How the front ends do it: serial and parallel converters, pulse drivers, crossings of clocks, a mailbox."""
