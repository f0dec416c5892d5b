-- Reported as: blocked-by-dependent-view
-- setup
CREATE TYPE mood AS ENUM ('ok');
CREATE TABLE m (id int PRIMARY KEY, mood mood);
-- migration
SET lock_timeout = '2s';
DROP TYPE mood;
