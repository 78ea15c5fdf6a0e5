"""The real thing: the program in a window of a real X server, used with a real mouse."""
