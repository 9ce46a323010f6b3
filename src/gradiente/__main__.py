"""`python -m gradiente`."""

from gradiente.cli import main

if __name__ == "__main__":
    main(prog_name="gradiente")
