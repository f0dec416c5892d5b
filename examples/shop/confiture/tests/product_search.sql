-- 0008 builds the index of the product search while orders are coming in.
-- confiture: migrate to 0008
-- confiture: at-most SHARE UPDATE EXCLUSIVE on products

-- confiture: uses-index products_name_trgm_idx
SELECT id FROM products WHERE name LIKE '%jam%';
