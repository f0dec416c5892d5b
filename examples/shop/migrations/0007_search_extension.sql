CREATE EXTENSION pg_trgm;

CREATE FUNCTION search_products(needle text, at_most integer DEFAULT 20) RETURNS SETOF products
LANGUAGE sql STABLE AS $$
    SELECT p.*
    FROM products p
    WHERE p.name % needle
    ORDER BY similarity(p.name, needle) DESC, p.id
    LIMIT at_most
$$;
