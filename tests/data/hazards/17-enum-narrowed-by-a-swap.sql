-- Reported as: alter-column-type-client-break
-- setup
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TABLE m (id int PRIMARY KEY, mood mood);
INSERT INTO m VALUES (1, 'ok');
-- migration
SET lock_timeout = '2s';
ALTER TYPE mood RENAME TO mood_old;
CREATE TYPE mood AS ENUM ('ok');
ALTER TABLE m ALTER COLUMN mood TYPE mood USING mood::text::mood;
DROP TYPE mood_old;
-- client
UPDATE m SET mood = 'bad' WHERE id = 1;
