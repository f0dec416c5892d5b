-- Pattern known from: Kestra, Conductor.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
CREATE TABLE "Project" (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE "Issue" (id int PRIMARY KEY, project_id int NOT NULL);
CREATE INDEX "Issue_project_id_idx" ON "Issue" (project_id);
ALTER TABLE "Issue" ADD CONSTRAINT "Issue_project_id_fkey" FOREIGN KEY (project_id) REFERENCES "Project" (id) ON DELETE CASCADE ON UPDATE CASCADE;
