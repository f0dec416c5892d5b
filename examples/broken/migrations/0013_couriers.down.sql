DROP TABLE courier;
