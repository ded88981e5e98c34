"""The float physics of the analog crossbar: devices, periphery, pulsed updates, ageing."""
