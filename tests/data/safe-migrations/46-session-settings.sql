-- Pattern known from: pg_dump baselines, Hydra.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET client_min_messages = warning;
CREATE TABLE public.flows (id uuid DEFAULT gen_random_uuid() NOT NULL, at timestamp without time zone DEFAULT now() NOT NULL);
ALTER TABLE ONLY public.flows ADD CONSTRAINT flows_pkey PRIMARY KEY (id);
CREATE INDEX flows_at_idx ON public.flows USING btree (at);
