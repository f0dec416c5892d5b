ALTER TABLE archived_events_2025 RENAME TO events_2025;
