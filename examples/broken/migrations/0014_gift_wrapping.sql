CREATE TABLE wrappings (
    id     smallint PRIMARY KEY,
    colour text NOT NULL
);
