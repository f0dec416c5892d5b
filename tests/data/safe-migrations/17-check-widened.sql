-- Pattern known from: Langfuse, OpenFGA.

-- setup
CREATE TABLE jobs (id int PRIMARY KEY, state text NOT NULL CONSTRAINT jobs_state_check CHECK (state IN ('new', 'done')));
INSERT INTO jobs SELECT g, 'new' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER TABLE jobs DROP CONSTRAINT jobs_state_check, ADD CONSTRAINT jobs_state_check CHECK (state IN ('new', 'done', 'failed')) NOT VALID;

-- migration
SET lock_timeout = '2s';
ALTER TABLE jobs VALIDATE CONSTRAINT jobs_state_check;

-- client
INSERT INTO jobs VALUES (0, 'new');
UPDATE jobs SET state = 'done' WHERE id = 1;
