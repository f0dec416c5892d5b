CREATE TABLE customers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      varchar(254) NOT NULL,
    full_name  text NOT NULL,
    phone      varchar(32),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customers_email_key UNIQUE (email),
    CONSTRAINT customers_email_check CHECK (email LIKE '%_@_%')
);

CREATE INDEX customers_phone_idx ON customers (phone);

COMMENT ON TABLE customers IS 'People who have an account';
COMMENT ON COLUMN customers.email IS 'Login; unique, case kept as typed';
