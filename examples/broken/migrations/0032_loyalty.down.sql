DROP TABLE loyalty_points;
DROP TABLE loyalty_cards;
