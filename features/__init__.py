"""What was known of a customer at as_of: tables, quality, point-in-time features, outcomes. Pure."""
