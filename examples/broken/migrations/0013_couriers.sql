CREATE TABLE couriers (
    id   smallint PRIMARY KEY,
    name text NOT NULL
);
