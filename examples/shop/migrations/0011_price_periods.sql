CREATE EXTENSION btree_gist;

CREATE TABLE price_periods (
    product_id bigint NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    price      money_amount NOT NULL,
    during     tstzrange NOT NULL,
    CONSTRAINT price_periods_during_check CHECK (NOT isempty(during)),
    CONSTRAINT price_periods_no_overlap EXCLUDE USING gist (product_id WITH =, during WITH &&)
);

INSERT INTO price_periods (product_id, price, during)
SELECT id, price, tstzrange('2020-01-01 00:00:00+00', NULL) FROM products;
