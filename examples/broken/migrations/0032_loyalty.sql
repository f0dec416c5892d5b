CREATE TABLE loyalty_cards (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts (id)
);
COMMIT;
CREATE TABLE loyalty_points (
    card_id bigint NOT NULL REFERENCES loyalty_cards (id),
    points  integer NOT NULL
);
