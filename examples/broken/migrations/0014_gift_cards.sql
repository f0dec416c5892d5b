CREATE TABLE gift_cards (
    code    text PRIMARY KEY,
    balance numeric(10, 2) NOT NULL
);
