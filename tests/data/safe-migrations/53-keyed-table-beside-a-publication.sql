-- Pattern known from: PowerSync, Electric
-- setup
CREATE PUBLICATION changes FOR ALL TABLES;
-- migration
CREATE TABLE log (id bigint, at timestamptz);
ALTER TABLE log ADD PRIMARY KEY (id);
CREATE UNLOGGED TABLE cache (k text, v text);
