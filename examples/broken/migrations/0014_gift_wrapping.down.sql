DROP TABLE wrappings;
