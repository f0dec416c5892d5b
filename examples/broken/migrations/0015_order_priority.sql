CREATE TYPE order_priority AS ENUM ('normal', 'urgent');
ALTER TABLE orders ADD COLUMN priority order_priority NOT NULL DEFAULT 'normal';
