//! Files of the field: readers and writers.
