"""What people read: snapshots, exports, the report."""
