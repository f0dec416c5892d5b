-- Pattern known from: Keycloak, Flowable.

-- setup
CREATE TABLE settings (key text PRIMARY KEY, value text NOT NULL);
INSERT INTO settings VALUES ('theme', 'dark');

-- migration
INSERT INTO settings (key, value) VALUES ('theme', 'light'), ('lang', 'en') ON CONFLICT (key) DO NOTHING;
UPDATE settings SET value = 'de' WHERE key = 'lang';

-- client
SELECT value FROM settings WHERE key = $1;
