DROP TABLE price_periods;
DROP EXTENSION btree_gist;
