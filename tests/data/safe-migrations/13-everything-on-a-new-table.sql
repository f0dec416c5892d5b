-- Pattern known from: Mattermost, Nakama.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
CREATE TABLE teams (id int, name varchar(30), owner bigint, slug text DEFAULT 'x');
INSERT INTO teams SELECT g, 'team', g FROM generate_series(1, 50) g;
ALTER TABLE teams ALTER COLUMN name TYPE varchar(10), ALTER COLUMN owner SET NOT NULL;
ALTER TABLE teams ADD PRIMARY KEY (id), ADD CHECK (id > 0);
ALTER TABLE teams ADD COLUMN made timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE UNIQUE INDEX teams_id_name_key ON teams (id, name);
UPDATE teams SET slug = name;
ALTER TABLE teams RENAME COLUMN slug TO path;
DROP INDEX teams_id_name_key;
ALTER TABLE teams DROP COLUMN made;
