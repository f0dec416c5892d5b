CREATE FUNCTION slugify(value text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT trim(BOTH '-' FROM regexp_replace(lower(value), '[^a-z0-9]+', '-', 'g'))
$$;

ALTER TABLE items ADD COLUMN slug text;
UPDATE items SET slug = slugify(title);
