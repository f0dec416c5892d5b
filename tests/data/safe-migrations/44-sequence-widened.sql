-- Pattern known from: GitLab, Zulip.

-- setup
CREATE SEQUENCE tickets AS integer;
SELECT nextval('tickets');

-- migration
SET lock_timeout = '2s';
ALTER SEQUENCE tickets AS bigint MAXVALUE 9223372036854775807;

-- client
SELECT nextval('tickets');
