DROP INDEX orders_open_idx;
CREATE INDEX orders_state_idx ON orders (state, placed_at);
