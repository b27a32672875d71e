//! What only the redb store promises: what it finds when opened again, whom it refuses, and what it does when the disk fails.
