"""What any Vietnamese text tool needs: spelling, tokens, lexicon, dates. Pure functions."""
