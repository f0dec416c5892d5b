CREATE TYPE wishlist_visibility AS ENUM ('private', 'shared');

CREATE TABLE wishlists (
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    item_id    integer NOT NULL REFERENCES items (id),
    visibility wishlist_visibility NOT NULL DEFAULT 'private',
    added_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, item_id)
);

CREATE FUNCTION wishlist_size(account bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM wishlists WHERE account_id = account
$$;
