DROP INDEX orders_state_idx;
CREATE INDEX orders_open_idx ON orders (placed_at);
