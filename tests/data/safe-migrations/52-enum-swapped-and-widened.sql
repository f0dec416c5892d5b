-- Pattern known from: Documenso, Prisma projects
-- setup
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TABLE m (id int PRIMARY KEY, name text);
-- migration
SET lock_timeout = '2s';
ALTER TYPE mood RENAME TO mood_old;
CREATE TYPE mood AS ENUM ('ok', 'bad', 'great');
DROP TYPE mood_old;
-- client
SELECT 'ok'::mood;
