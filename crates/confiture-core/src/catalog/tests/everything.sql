-- One of everything a migration can create on PostgreSQL 14 to 18, with awkward names.
CREATE ROLE catalog_reader NOLOGIN;
CREATE ROLE "catalog Ünïcode" LOGIN CONNECTION LIMIT 3;
GRANT catalog_reader TO "catalog Ünïcode" WITH ADMIN OPTION;
ALTER ROLE catalog_reader SET statement_timeout = '5s';
CREATE SCHEMA app;
CREATE SCHEMA "we ird" AUTHORIZATION catalog_reader;
COMMENT ON SCHEMA app IS 'the application';
CREATE EXTENSION hstore SCHEMA app;
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy');
ALTER TYPE app.mood ADD VALUE 'so so' BEFORE 'happy';
CREATE TYPE "order" AS ENUM ('select', 'it''s');
CREATE DOMAIN app.email AS text COLLATE "C" DEFAULT 'none' NOT NULL CHECK (VALUE ~ '@') CONSTRAINT short CHECK (length(VALUE) < 80);
CREATE TYPE app.address AS (street text, number integer, mood app.mood);
COMMENT ON COLUMN app.address.street IS 'with its number';
COMMENT ON TYPE app.address IS 'an address';
CREATE TYPE app.floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE SEQUENCE app.counter AS smallint INCREMENT 2 MINVALUE 3 MAXVALUE 999 START 5 CACHE 7 CYCLE;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed := now(); RETURN NEW; END $$;
CREATE FUNCTION app.add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 SET search_path = app, public AS 'select a + b';
CREATE FUNCTION app.standard(a integer) RETURNS integer RETURN a + 1;
CREATE FUNCTION app.rows() RETURNS SETOF app.mood LANGUAGE sql ROWS 4 SECURITY DEFINER AS 'select ''ok''::app.mood';
CREATE PROCEDURE app.work(INOUT x integer) LANGUAGE plpgsql AS $$ BEGIN x := x + 1; END $$;
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', PARALLEL = SAFE, COMBINEFUNC = int4pl);
CREATE TABLE app.users (
    id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5) PRIMARY KEY,
    name varchar(80) COLLATE "C" NOT NULL DEFAULT 'x',
    "Email" app.email UNIQUE,
    mood app.mood DEFAULT 'ok'::app.mood,
    amount numeric(10, 2) CONSTRAINT positive CHECK (amount >= 0),
    changed timestamptz NOT NULL DEFAULT '2024-01-01 00:00:00+00',
    pause interval DEFAULT '1 day 02:00:00',
    raw bytea DEFAULT '\x00ff',
    price float8 DEFAULT 0.1,
    data jsonb,
    upper_name text GENERATED ALWAYS AS (upper(name)) STORED,
    tags text[] DEFAULT '{}',
    home app.address,
    UNIQUE (name, mood) DEFERRABLE INITIALLY DEFERRED,
    EXCLUDE USING gist (int8range(id, id + 1) WITH &&)
) WITH (fillfactor = 70, toast.autovacuum_enabled = false);
ALTER TABLE app.users ALTER name SET STATISTICS 500, ALTER data SET STORAGE EXTERNAL, ALTER tags SET COMPRESSION pglz;
ALTER TABLE app.users ALTER name SET (n_distinct = 7);
COMMENT ON TABLE app.users IS 'people';
COMMENT ON COLUMN app.users.name IS E'their ''name''\nin full';
COMMENT ON CONSTRAINT positive ON app.users IS 'no debts';
CREATE TABLE app.posts (
    id serial CONSTRAINT posts_must_have_id NOT NULL PRIMARY KEY,
    author bigint CONSTRAINT author_given NOT NULL REFERENCES app.users ON DELETE CASCADE,
    editor bigint REFERENCES app.users (id) ON UPDATE SET NULL DEFERRABLE,
    body text,
    "user" "order" DEFAULT 'select',
    CONSTRAINT "a ""quoted"" name" CHECK (body <> '')
);
ALTER TABLE app.posts ADD CONSTRAINT later CHECK (length(body) < 1000) NOT VALID;
CREATE UNIQUE INDEX posts_lower ON app.posts (lower(body) DESC NULLS LAST) INCLUDE (author) WHERE editor IS NOT NULL;
CREATE INDEX posts_body ON app.posts USING gin (to_tsvector('english', body)) WITH (fastupdate = off);
COMMENT ON INDEX app.posts_body IS 'search';
CLUSTER app.posts USING posts_pkey;
ALTER TABLE app.posts REPLICA IDENTITY USING INDEX posts_pkey;
ALTER INDEX app.posts_lower ALTER COLUMN 1 SET STATISTICS 300;
CREATE TABLE public."Tablé ""ééééééééééééééééééééééééé" ("a b" integer PRIMARY KEY, "Ω" text);
CREATE UNLOGGED TABLE public.plain (a integer, b text, c date);
ALTER TABLE public.plain REPLICA IDENTITY FULL;
CREATE TABLE public.child (d integer NOT NULL) INHERITS (public.plain);
CREATE TABLE app.events (id bigint, at date NOT NULL, kind text DEFAULT 'e', PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
CREATE INDEX events_kind ON app.events (kind);
CREATE TRIGGER touch BEFORE UPDATE OF name ON app.users FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION app.touch();
CREATE TRIGGER off AFTER INSERT ON app.users REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION app.touch();
ALTER TABLE app.users DISABLE TRIGGER off;
CREATE TRIGGER on_events AFTER INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.posts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE RULE ignore AS ON DELETE TO public.plain DO INSTEAD NOTHING;
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.users FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON app.users AS RESTRICTIVE FOR UPDATE TO catalog_reader, "catalog Ünïcode" USING (name = current_user) WITH CHECK (amount > 0);
CREATE POLICY all_of_them ON app.users USING (true);
CREATE VIEW app.names AS SELECT id, name AS "Name", u.mood FROM app.users u WHERE u.amount > (SELECT avg(p.id) FROM app.posts p WHERE p.author = u.id);
CREATE VIEW app.single AS SELECT users.name, count(*) AS n FROM app.users WHERE users.amount > 1 GROUP BY users.name ORDER BY users.name;
CREATE VIEW app.joined WITH (security_barrier) AS SELECT u.name, p.body FROM app.users u JOIN app.posts p ON p.author = u.id;
CREATE VIEW app.checked AS SELECT a, b FROM public.plain WHERE a > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW app.union AS SELECT a FROM public.plain UNION ALL SELECT d FROM public.child;
CREATE VIEW app.with_cte AS WITH c AS (SELECT a FROM public.plain) SELECT c.a FROM c;
CREATE VIEW app.sub AS SELECT s.x FROM (SELECT a AS x FROM public.plain) s;
CREATE VIEW app.calls AS SELECT g.n, app.add(g.n) FROM generate_series(1, 3) g (n);
ALTER VIEW app.checked ALTER a SET DEFAULT 3;
COMMENT ON COLUMN app.names."Name" IS 'of the user';
CREATE MATERIALIZED VIEW app.sums AS SELECT author, count(*) AS n FROM app.posts GROUP BY author WITH NO DATA;
CREATE UNIQUE INDEX sums_author ON app.sums (author);
CREATE STATISTICS app.users_stats (dependencies, ndistinct) ON name, mood FROM app.users;
COMMENT ON STATISTICS app.users_stats IS 'correlated';
GRANT SELECT, INSERT ON app.users TO catalog_reader WITH GRANT OPTION;
GRANT UPDATE (name, mood) ON app.users TO PUBLIC;
GRANT ALL ON app.posts TO catalog_reader;
GRANT USAGE ON SCHEMA app TO PUBLIC;
GRANT USAGE ON SEQUENCE app.counter TO catalog_reader;
GRANT USAGE ON TYPE app.mood TO catalog_reader;
REVOKE EXECUTE ON FUNCTION app.add(integer, integer) FROM PUBLIC;
REVOKE ALL ON TABLE public.plain FROM CURRENT_USER;
ALTER TABLE public.child OWNER TO catalog_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO catalog_reader;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE PUBLICATION pub FOR TABLE app.posts, public."Tablé ""ééééééééééééééééééééééééé" WITH (publish = 'insert, update');
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere password=secret' PUBLICATION p1, p2 WITH (connect = false, slot_name = NONE);
CREATE OPERATOR app.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq, COMMUTATOR = OPERATOR(app.===));
CREATE OPERATOR FAMILY app.fam USING btree;
CREATE OPERATOR CLASS app.ops FOR TYPE integer USING btree FAMILY app.fam AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);
CREATE FUNCTION app.mood_number(app.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS $$select 1$$;
CREATE CAST (app.mood AS integer) WITH FUNCTION app.mood_number(app.mood) AS ASSIGNMENT;
CREATE COLLATION app.plain_c (provider = libc, locale = 'C');
CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY app.dict (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION app.conf (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION app.conf ALTER MAPPING FOR asciiword WITH app.dict, simple;
CREATE TEXT SEARCH TEMPLATE app.tmpl (LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH PARSER app.prs (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE FOREIGN DATA WRAPPER fdw OPTIONS (a 'b');
CREATE SERVER srv TYPE 't' VERSION 'v' FOREIGN DATA WRAPPER fdw OPTIONS (host 'h');
CREATE USER MAPPING FOR PUBLIC SERVER srv OPTIONS (user 'u', password 'secret');
CREATE FOREIGN TABLE app.remote (id integer OPTIONS (column_name 'x') NOT NULL, t text) SERVER srv OPTIONS (table_name 't');
CREATE ACCESS METHOD my_am TYPE INDEX HANDLER bthandler;
CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end';
CREATE EVENT TRIGGER watch ON ddl_command_start WHEN TAG IN ('DROP TABLE', 'CREATE TABLE') EXECUTE FUNCTION app.on_ddl();
ALTER EVENT TRIGGER watch DISABLE;
