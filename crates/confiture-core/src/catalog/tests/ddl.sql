ALTER TABLE t ADD status mood DEFAULT 'ok';

ALTER TABLE t ALTER status SET DEFAULT 'sad';

ALTER TABLE t ALTER status DROP DEFAULT;

ALTER TABLE t ALTER data SET NOT NULL;

ALTER TABLE t ALTER data DROP NOT NULL;

CREATE VIEW by_status AS SELECT status, count(*) AS n FROM t WHERE status <> 'sad' GROUP BY status;

ALTER TYPE mood RENAME VALUE 'sad' TO 'gloomy';

ALTER TYPE mood ADD VALUE 'ecstatic';

ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok';

ALTER TYPE mood RENAME TO feeling;

ALTER TABLE t RENAME data TO payload;

CREATE VIEW over_payload AS SELECT id, payload FROM t WHERE payload IS NOT NULL;

ALTER TABLE t RENAME payload TO data;

ALTER TABLE t RENAME TO things;

ALTER TABLE things RENAME TO t;

ALTER TABLE t RENAME CONSTRAINT positive TO positive_amount;

ALTER INDEX t_data RENAME TO t_payload;

ALTER INDEX t_pkey RENAME TO t_primary;

ALTER TABLE t ADD CONSTRAINT short CHECK (length(data) < 9) NOT VALID;

ALTER TABLE t VALIDATE CONSTRAINT short;

ALTER TABLE t DROP CONSTRAINT short;

ALTER TABLE t ALTER CONSTRAINT t_parent_fkey DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE t DROP CONSTRAINT t_parent_fkey;

ALTER TABLE t ADD FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE SET NULL;

ALTER TABLE parents RENAME TO ancestors;

ALTER TABLE ancestors RENAME id TO ident;

ALTER TABLE ancestors RENAME ident TO id;

ALTER TABLE ancestors RENAME TO parents;

CREATE INDEX t_mood ON t (status) WHERE status = 'gloomy';

ALTER TYPE feeling RENAME VALUE 'gloomy' TO 'sad';

DROP INDEX t_mood;

ALTER TABLE t ALTER email TYPE varchar(200);

ALTER TABLE t ALTER email SET STATISTICS 300;

ALTER TABLE t ALTER email SET STORAGE EXTERNAL;

ALTER TABLE t ALTER email SET (n_distinct = 4);

ALTER TABLE t ALTER id SET GENERATED ALWAYS;

ALTER TABLE t ALTER id SET INCREMENT BY 3;

ALTER TABLE t SET (fillfactor = 60);

ALTER TABLE t SET (toast.autovacuum_enabled = off);

ALTER TABLE t RESET (fillfactor);

ALTER TABLE t ENABLE ROW LEVEL SECURITY;

ALTER TABLE t FORCE ROW LEVEL SECURITY;

CREATE POLICY yours ON t FOR DELETE USING (id IN (SELECT p.id FROM parents p));

ALTER TABLE parents RENAME id TO number;

ALTER TABLE parents RENAME number TO id;

ALTER POLICY yours ON t RENAME TO theirs;

ALTER POLICY theirs ON t TO base_other;

DROP POLICY theirs ON t;

ALTER TABLE t REPLICA IDENTITY FULL;

ALTER TABLE t CLUSTER ON t_payload;

ALTER TABLE t SET WITHOUT CLUSTER;

ALTER TABLE t OWNER TO base_other;

ALTER TABLE t OWNER TO CURRENT_USER;

GRANT INSERT ON t TO base_other;

GRANT UPDATE (name) ON t TO base_app;

REVOKE ALL ON t FROM base_app;

REVOKE UPDATE (name) ON t FROM base_app;

COMMENT ON TABLE t IS 'other';

COMMENT ON COLUMN t.name IS 'its name';

COMMENT ON COLUMN t.name IS NULL;

COMMENT ON CONSTRAINT positive_amount ON t IS 'c';

COMMENT ON INDEX t_payload IS 'i';

COMMENT ON FUNCTION touch() IS 'f';

COMMENT ON TRIGGER touch ON t IS 'tr';

COMMENT ON SCHEMA public IS 'mine';

COMMENT ON ROLE base_app IS 'role';

COMMENT ON ROLE base_app IS NULL;

COMMENT ON TYPE feeling IS 'enum';

COMMENT ON TYPE pair IS 'composite';

COMMENT ON COLUMN pair.a IS 'attribute';

COMMENT ON DOMAIN email IS 'domain';

COMMENT ON CONSTRAINT has_at ON DOMAIN email IS 'check';

ALTER TABLE t DISABLE TRIGGER touch;

ALTER TABLE t ENABLE ALWAYS TRIGGER touch;

ALTER TABLE t DISABLE TRIGGER ALL;

ALTER TABLE t ENABLE TRIGGER ALL;

ALTER TRIGGER touch ON t RENAME TO touched;

ALTER FUNCTION touch() RENAME TO on_touch;

ALTER FUNCTION on_touch() OWNER TO base_other;

DROP TRIGGER touched ON t;

CREATE TRIGGER again AFTER UPDATE ON t FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION on_touch();

ALTER TABLE t RENAME name TO title;

ALTER TABLE t RENAME title TO name;

CREATE OR REPLACE RULE quiet AS ON DELETE TO t WHERE old.id < 7 DO INSTEAD NOTHING;

ALTER TABLE t DISABLE RULE quiet;

ALTER RULE quiet ON t RENAME TO silent;

DROP RULE silent ON t;

CREATE OR REPLACE FUNCTION add(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE AS 'select a * b';

ALTER FUNCTION add(integer, integer) STRICT;

CREATE TABLE uses_add (x integer DEFAULT add(1), y integer GENERATED ALWAYS AS (add(1, 2)) STORED, CHECK (add(x, 1) > 0));

CREATE INDEX uses_add_idx ON uses_add (add(x, 3));

CREATE VIEW view_add AS SELECT add(x) FROM uses_add;

ALTER FUNCTION add(integer, integer) RENAME TO plus;

CREATE FUNCTION body(a integer) RETURNS bigint BEGIN ATOMIC SELECT plus(a, 2) + count(*) FROM t; END;

ALTER TABLE t RENAME TO tt;

ALTER TABLE tt RENAME TO t;

ALTER FUNCTION plus(integer, integer) RENAME TO add;

DROP FUNCTION body(integer);

DROP FUNCTION add(integer, integer) CASCADE;

CREATE FUNCTION over_rows(t) RETURNS integer LANGUAGE sql AS 'select 1';

ALTER TABLE t RENAME TO renamed;

ALTER TABLE renamed RENAME TO t;

CREATE PROCEDURE work(INOUT x integer) LANGUAGE plpgsql AS 'begin x := 1; end';

CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);

ALTER AGGREGATE total(integer) RENAME TO summed;

DROP AGGREGATE summed(integer);

CREATE SCHEMA app;

ALTER TABLE parents SET SCHEMA app;

ALTER SCHEMA app RENAME TO application;

ALTER TABLE application.parents SET SCHEMA public;

ALTER TYPE feeling SET SCHEMA application;

ALTER TYPE application.feeling SET SCHEMA public;

ALTER FUNCTION on_touch() SET SCHEMA application;

DROP SCHEMA application CASCADE;

ALTER TYPE pair ADD ATTRIBUTE c date;

ALTER TYPE pair RENAME ATTRIBUTE c TO day;

ALTER TYPE pair DROP ATTRIBUTE day;

CREATE TABLE of_pair OF pair;

ALTER TYPE pair RENAME TO couple;

ALTER TYPE couple RENAME ATTRIBUTE a TO first CASCADE;

DROP TABLE of_pair;

CREATE TABLE mails (id serial PRIMARY KEY, mail email, span int4range);

CREATE TABLE arrays (many email[]);

ALTER DOMAIN email RENAME TO address;

DROP TABLE arrays;

ALTER DOMAIN address DROP DEFAULT;

ALTER DOMAIN address SET NOT NULL;

ALTER DOMAIN address ADD CONSTRAINT long CHECK (length(VALUE) < 100);

ALTER DOMAIN address RENAME CONSTRAINT long TO longer;

ALTER DOMAIN address DROP CONSTRAINT longer;

ALTER SEQUENCE mails_id_seq RENAME TO mail_numbers;

ALTER SEQUENCE mail_numbers OWNED BY NONE;

ALTER SEQUENCE mail_numbers OWNED BY mails.id;

ALTER SEQUENCE mail_numbers INCREMENT 7;

ALTER SEQUENCE mail_numbers AS bigint;

ALTER TABLE mails RENAME TO letters;

ALTER TABLE letters RENAME id TO number;

CREATE TYPE span AS RANGE (subtype = date);

ALTER TABLE letters ADD s span, ADD m datemultirange;

ALTER TYPE span RENAME TO days;

ALTER TABLE letters DROP s, DROP m;

DROP TYPE days;

DROP TABLE letters;

CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

CREATE INDEX events_at ON events (at);

ALTER INDEX events_at RENAME TO events_when;

ALTER TABLE events DETACH PARTITION events_2;

ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');

ALTER TABLE events ADD kind text DEFAULT 'x';

ALTER TABLE events RENAME kind TO sort;

ALTER TABLE events ADD PRIMARY KEY (at);

CREATE TRIGGER on_events AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();

ALTER TABLE events_1 DISABLE TRIGGER on_events;

ALTER TABLE events RENAME TO happenings;

ALTER TABLE happenings DROP COLUMN sort;

CREATE TABLE refers (at date REFERENCES happenings);

DROP TABLE happenings CASCADE;

CREATE TABLE kid (more text) INHERITS (parents);

ALTER TABLE parents ADD extra integer CHECK (extra > 0);

ALTER TABLE kid NO INHERIT parents;

ALTER TABLE kid INHERIT parents;

ALTER TABLE parents RENAME extra TO additional;

DROP TABLE kid;

CREATE OR REPLACE VIEW v AS SELECT t.id, t.name, t.email FROM t;

ALTER VIEW v RENAME TO w;

CREATE VIEW on_w AS SELECT id, name FROM w;

ALTER VIEW w RENAME name TO title;

ALTER VIEW w ALTER title SET DEFAULT 'd';

ALTER VIEW w SET (security_barrier = true);

ALTER VIEW w OWNER TO base_other;

DROP VIEW w CASCADE;

CREATE VIEW using_join AS SELECT * FROM t JOIN parents USING (id);

ALTER TABLE parents ADD name text;

ALTER TABLE t ADD code text;

DROP VIEW using_join;

REFRESH MATERIALIZED VIEW m WITH NO DATA;

ALTER MATERIALIZED VIEW m RENAME amount TO sum;

ALTER MATERIALIZED VIEW m RENAME TO mm;

DROP MATERIALIZED VIEW mm;

ALTER STATISTICS stats RENAME TO numbers;

ALTER STATISTICS numbers SET STATISTICS 77;

DROP STATISTICS numbers;

ALTER TABLE t DROP COLUMN amount CASCADE;

ALTER TABLE t ADD amount integer;

CREATE EXTENSION hstore;

ALTER TABLE t ADD attributes hstore;

ALTER EXTENSION hstore SET SCHEMA pg_catalog;

DROP EXTENSION hstore CASCADE;

CREATE ROLE base_third;

GRANT base_third TO base_app;

GRANT SELECT ON t TO base_third;

ALTER ROLE base_third RENAME TO base_fourth;

REVOKE SELECT ON t FROM base_fourth;

DROP ROLE base_fourth;

ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO base_app;

CREATE TABLE born (id integer);

ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM base_app;

ALTER PUBLICATION pub ADD TABLE t;

ALTER PUBLICATION pub SET (publish = 'insert');

DROP PUBLICATION pub;

CREATE COLLATION mine (provider = libc, locale = 'C');

CREATE TABLE collated (a text COLLATE mine, CHECK (a > 'b' COLLATE mine));

ALTER COLLATION mine RENAME TO ours;

DROP COLLATION ours CASCADE;

CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq);

CREATE TEXT SEARCH CONFIGURATION conf (COPY = simple);

CREATE INDEX t_search ON t USING gin (to_tsvector('conf', name));

ALTER TEXT SEARCH CONFIGURATION conf RENAME TO configuration;

CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id integer) SERVER s OPTIONS (a 'b');

ALTER FOREIGN TABLE f OPTIONS (SET a 'c');

ALTER FOREIGN TABLE f ALTER id OPTIONS (ADD x 'y');

ALTER SERVER s RENAME TO s2;

DROP FOREIGN DATA WRAPPER w CASCADE;

CREATE TABLE a1 (id integer); CREATE TABLE b1 (id bigint);

ALTER TABLE a1 RENAME TO x1; ALTER TABLE b1 RENAME TO a1; ALTER TABLE x1 RENAME TO b1;

DROP TABLE a1; CREATE VIEW a1 AS SELECT 1 AS one;

DO $$ BEGIN FOR i IN 1..40 LOOP EXECUTE format('CREATE TABLE gen%s (id serial PRIMARY KEY, p integer REFERENCES t_ids)', i); END LOOP; EXCEPTION WHEN undefined_table THEN NULL; END $$;

CREATE TABLE many_1 (id serial PRIMARY KEY); CREATE TABLE many_2 (id integer REFERENCES many_1); CREATE TABLE many_3 (id integer REFERENCES many_1);

ALTER TABLE many_1 RENAME TO many; ALTER TABLE many RENAME id TO ident;

DROP TABLE many CASCADE;

DROP TABLE many_2, many_3;

CREATE TEMP TABLE mine (id serial PRIMARY KEY, v text); COMMENT ON TABLE mine IS 'temporary';

CREATE TABLE t_ids (id integer PRIMARY KEY);

DROP TABLE t_ids;

ALTER TABLE born ADD CONSTRAINT nn NOT NULL id NOT VALID /* [18] */;

ALTER TABLE born VALIDATE CONSTRAINT nn /* [18] */;

ALTER TABLE uses_add ADD z integer GENERATED ALWAYS AS (x * 2) VIRTUAL /* [18] */;

CREATE TABLE named (id integer, CONSTRAINT named_id UNIQUE (id));
CREATE VIEW named_view AS SELECT id FROM named;
CREATE RULE named_rule AS ON INSERT TO named_view DO INSTEAD
  INSERT INTO named VALUES (new.id) ON CONFLICT ON CONSTRAINT named_id DO NOTHING;

ALTER TABLE named RENAME CONSTRAINT named_id TO named_again;

DROP TABLE t CASCADE;

DROP DOMAIN address; DROP TYPE couple; DROP TYPE feeling CASCADE
