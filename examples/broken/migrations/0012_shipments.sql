CREATE TABLE shipments (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sent_at timestamptz
);
CREATE TABLE parcels (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shipment_id bigint NOT NULL REFERENCES shipments (id)
);
