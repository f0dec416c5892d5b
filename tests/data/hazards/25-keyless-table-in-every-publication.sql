-- Reported as: published-table-without-pk
-- setup
CREATE PUBLICATION changes FOR ALL TABLES;
-- migration
CREATE TABLE log (at timestamptz, what text);
