DROP FUNCTION wishlist_size(bigint);
DROP TABLE wishlists;
DROP TYPE wishlist_visibility;
