CREATE TYPE payment_method AS ENUM ('card', 'transfer', 'voucher');

CREATE TABLE payments (
    id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id bigint NOT NULL,
    attempt  smallint NOT NULL DEFAULT 1,
    method   payment_method NOT NULL,
    amount   money_amount NOT NULL,
    paid_at  timestamptz,
    CONSTRAINT payments_order_fkey FOREIGN KEY (order_id) REFERENCES orders (id)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT payments_order_attempt_key UNIQUE (order_id, attempt) DEFERRABLE INITIALLY IMMEDIATE
);

CREATE INDEX payments_paid_at_idx ON payments USING brin (paid_at);
