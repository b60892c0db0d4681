"""All that people see in a browser: reports that stand alone, and the pages that are served."""
