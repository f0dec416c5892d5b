-- Pattern known from: Omnivore, Horizon.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
CREATE TEMPORARY TABLE wanted (id bigint, note text);
CREATE INDEX wanted_id_idx ON wanted (id);
INSERT INTO wanted VALUES (1, 'z');
TRUNCATE wanted;
DROP TABLE wanted;
CREATE TABLE import (id bigint);
ALTER TABLE import ADD COLUMN line text;
DROP TABLE import;
