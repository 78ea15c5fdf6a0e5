"""Files that the program brings along, and the scripts that made them."""
