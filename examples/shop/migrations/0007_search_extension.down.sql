DROP FUNCTION search_products(text, integer);
DROP EXTENSION pg_trgm;
