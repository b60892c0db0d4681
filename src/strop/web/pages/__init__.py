"""The served pages: plain functions from records to HTML and to its JSON twin."""
