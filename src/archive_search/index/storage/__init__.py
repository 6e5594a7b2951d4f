"""What is kept: terms with their posting lists, the facts of each article; how it is written and merged."""
