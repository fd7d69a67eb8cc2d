"""What each family of features looks at: one module a topic, as in `features.tables`.

A frame of grain `application` has one row an application; one of grain `history` has one row per application and piece of
history, and its features are aggregates. Every frame has `application_id` and `as_of`, and is made from the verbs of
`features.point_in_time` alone.
"""
