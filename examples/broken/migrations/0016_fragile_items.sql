ALTER TABLE items ADD COLUMN fragile boolean NOT NULL DEFAULT false;
