-- Pattern known from: GitLab.

-- setup
CREATE TABLE events (id int NOT NULL, big_id bigint NOT NULL, CONSTRAINT events_pkey PRIMARY KEY (id));
INSERT INTO events SELECT g, g FROM generate_series(1, 300) g;
CREATE UNIQUE INDEX events_big_id_key ON events (big_id);
CREATE INDEX events_id ON events (id);

-- migration
SET lock_timeout = '2s';
ALTER TABLE events DROP CONSTRAINT events_pkey, ADD CONSTRAINT events_pkey PRIMARY KEY USING INDEX events_big_id_key;

-- client
INSERT INTO events VALUES (0, 0);
SELECT big_id FROM events WHERE id = $1;
