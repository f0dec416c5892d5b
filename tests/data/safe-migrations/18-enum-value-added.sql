-- Pattern known from: Mattermost Playbooks, River.

-- setup
CREATE TYPE job_state AS ENUM ('new', 'done');
CREATE TABLE jobs (id int PRIMARY KEY, state job_state NOT NULL DEFAULT 'new');
INSERT INTO jobs SELECT g FROM generate_series(1, 300) g;

-- migration
ALTER TYPE job_state ADD VALUE IF NOT EXISTS 'failed' AFTER 'new';

-- migration
SET lock_timeout = '2s';
ALTER TABLE jobs ALTER COLUMN state SET DEFAULT 'failed';

-- client
INSERT INTO jobs (id) VALUES (0);
