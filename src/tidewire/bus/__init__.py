"""The doorbell between stages: carries ids only, may lose or repeat; every loop also polls."""
