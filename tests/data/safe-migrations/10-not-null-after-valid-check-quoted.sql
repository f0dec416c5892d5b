-- Pattern known from: Documenso.

-- setup
CREATE TABLE "Team" ("id" int PRIMARY KEY, "createdAt" timestamptz, CONSTRAINT "Team_createdAt_present" CHECK ("createdAt" IS NOT NULL));
INSERT INTO "Team" SELECT g, '2026-01-01' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER TABLE "Team" ALTER COLUMN "createdAt" SET NOT NULL;
