"""Lets ``python -m skuhas`` run the command line."""

from skuhas.cli import main

if __name__ == "__main__":
    main()
