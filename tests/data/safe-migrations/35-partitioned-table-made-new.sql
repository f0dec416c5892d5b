-- Pattern known from: Langfuse, e2b.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
CREATE TABLE metrics (at timestamptz NOT NULL, name text NOT NULL, value float8) PARTITION BY RANGE (at);
CREATE INDEX metrics_name_at_idx ON metrics (name, at);
CREATE TABLE metrics_2026 PARTITION OF metrics FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE metrics_rest PARTITION OF metrics DEFAULT;
ALTER TABLE metrics ADD CONSTRAINT metrics_value CHECK (value >= 0);
