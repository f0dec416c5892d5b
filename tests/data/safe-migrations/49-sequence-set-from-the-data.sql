-- Pattern known from: Mattermost, Nakama
-- setup
CREATE TABLE a (id bigserial PRIMARY KEY, v text);
INSERT INTO a (v) SELECT 'x' FROM generate_series(1, 100);
-- migration
SELECT setval('a_id_seq', (SELECT max(id) FROM a));
-- client
INSERT INTO a (v) VALUES ('x');
