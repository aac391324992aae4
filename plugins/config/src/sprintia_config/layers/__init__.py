"""Layers: what holds for all, what holds for a domain, and what a tenant wrote, made one; docs/layers.md tells how."""
