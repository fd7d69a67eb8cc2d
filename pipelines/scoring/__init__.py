"""The parts of the batch job `score`: model, input, batches, record, drift, output; one idea a module."""
