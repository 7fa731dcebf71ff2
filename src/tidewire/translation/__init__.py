"""Machine translation: providers behind one small protocol, and a whole rendition through one."""
