-- 0008 builds the index of the product search while orders are coming in.
-- confiture: migrate to 0008
-- confiture: at-most SHARE UPDATE EXCLUSIVE on products

-- confiture: uses-index products_name_trgm_idx
SELECT id FROM products WHERE name LIKE '%jam%';

-- confiture: rollback to 0007
-- confiture: assert
SELECT to_regclass('products_name_trgm_idx') IS NULL AS no_index;

-- confiture: rollback to 0006
-- confiture: assert
SELECT to_regprocedure('search_products(text, integer)') IS NULL AS no_search;
