-- Pattern known from: Supabase, Windmill
-- setup
CREATE TABLE users (id bigint PRIMARY KEY);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON users USING (true);
-- migration
SET lock_timeout = '2s';
DROP POLICY everybody ON users;
CREATE POLICY all_of_them ON users USING (id > 0);
