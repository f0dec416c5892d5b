-- confiture: no-transaction
DROP INDEX CONCURRENTLY wishlists_item_idx;
