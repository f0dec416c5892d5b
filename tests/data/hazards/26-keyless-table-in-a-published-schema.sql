-- Reported as: published-table-without-pk
-- setup
CREATE SCHEMA app;
CREATE PUBLICATION changes FOR TABLES IN SCHEMA app;
-- migration
CREATE TABLE app.log (at timestamptz, what text);
