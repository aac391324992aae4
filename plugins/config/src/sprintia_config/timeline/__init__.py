"""A tenant over time: everything that stands at a revision, and what changed after one."""
