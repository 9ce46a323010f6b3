"""Computations for the CPU that XLA lacks or is slow at, in C++, called from XLA programs.

``native/`` holds the C++, ``library`` loads it, the other modules call it. Each kernel has a twin in plain JAX, which is
used where the library, the data type or the processor does not suit.
"""
