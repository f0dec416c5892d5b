ALTER TYPE order_state ADD VALUE 'returned';
ALTER TABLE orders ADD COLUMN returned_at timestamptz;
UPDATE orders SET returned_at = now() WHERE state = 'returned';
