-- Pattern known from: Lemmy, PeerTube.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;
CREATE VIEW people AS SELECT id, name FROM users;

-- migration
SET lock_timeout = '2s';
CREATE OR REPLACE VIEW people AS SELECT id, name, seen FROM users;

-- client
SELECT id, name FROM people WHERE id = $1;
