DROP TYPE order_priority;
ALTER TABLE orders DROP COLUMN priority;
