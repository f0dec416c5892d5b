-- Pattern known from: Keycloak.

-- setup
CREATE TABLE events (id bigint PRIMARY KEY, at timestamp(3) NOT NULL, took interval(0));
INSERT INTO events SELECT g, '2026-01-01', '1 s' FROM generate_series(1, 300) g;
CREATE INDEX events_at_idx ON events (at);

-- migration
SET lock_timeout = '2s';
ALTER TABLE events ALTER COLUMN at TYPE timestamp(6), ALTER COLUMN took TYPE interval;
