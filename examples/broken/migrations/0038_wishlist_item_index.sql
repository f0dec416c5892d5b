-- confiture: no-transaction
CREATE INDEX CONCURRENTLY wishlists_item_idx ON wishlists (item_id);
