CREATE TABLE transfers (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender   bigint NOT NULL REFERENCES accounts (id),
    receiver bigint NOT NULL REFERENCES accounts (id),
    cents    bigint NOT NULL CONSTRAINT transfers_positive CHECK (cents > 0)
);
CREATE INDEX transfers_sender_idx ON transfers (sender);
CREATE INDEX transfers_receiver_idx ON transfers (receiver);
