"""That golden and RTL agree, bit for bit, on Verilator; with the models and drivers these tests share."""
