CREATE TABLE accounts (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner   text NOT NULL CONSTRAINT accounts_owner_given CHECK (owner <> ''),
    balance bigint NOT NULL DEFAULT 0 CONSTRAINT accounts_not_overdrawn CHECK (balance >= 0)
);
