"""The command line and the runnable entry points: demo, test, bench."""
