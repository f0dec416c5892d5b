-- confiture: no-transaction
DROP INDEX CONCURRENTLY products_name_trgm_idx;
