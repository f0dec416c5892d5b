CREATE TABLE coupons (
    code        text PRIMARY KEY,
    percent_off numeric(5, 2) NOT NULL,
    valid       daterange NOT NULL DEFAULT daterange(NULL, NULL),
    CONSTRAINT coupons_percent_off_check CHECK (percent_off > 0 AND percent_off <= 100)
);

ALTER TABLE orders
    ADD COLUMN coupon_code text
    CONSTRAINT orders_coupon_fkey REFERENCES coupons (code) ON UPDATE CASCADE ON DELETE SET NULL;

CREATE INDEX orders_coupon_idx ON orders (coupon_code) WHERE coupon_code IS NOT NULL;

CREATE FUNCTION discounted(amount numeric, percent_off numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(amount * (100 - coalesce(percent_off, 0)) / 100, 2);
END;

CREATE OR REPLACE VIEW reporting.order_totals AS
SELECT o.id AS order_id,
       o.customer_id,
       o.status,
       coalesce(sum(l.line_total), 0) AS total,
       discounted(coalesce(sum(l.line_total), 0), max(c.percent_off)) AS total_to_pay
FROM orders o
LEFT JOIN order_items l ON l.order_id = o.id
LEFT JOIN coupons c ON c.code = o.coupon_code
GROUP BY o.id, o.customer_id, o.status;
