"""What tests share, one idea a file, listed in `conftest.py`: fixtures come by name, types are imported from here."""
