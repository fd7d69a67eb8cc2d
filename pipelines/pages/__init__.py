"""What the committee's pages show: words, values in words, verdicts, and one view a page."""
