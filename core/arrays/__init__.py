"""Numbers from files: rows for networks that take vectors, and pictures that were saved as arrays.

Nothing in a file is unpickled, and of a large file only what is asked for is read.  ``contents.py`` does the reading;
it needs NumPy, so it is imported where it is needed, and a window opens without it.
"""

from core.arrays.places import ANYTHING, ArrayPlace, Takes, is_array_file

__all__ = ["ANYTHING", "ArrayPlace", "Takes", "is_array_file"]
