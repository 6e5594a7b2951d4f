"""What commands print: reports, results and status, for people and for programs."""
