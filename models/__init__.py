"""What we conclude: default risk, points, grades, explanation, metrics. Frames and arrays in and out, pure."""
