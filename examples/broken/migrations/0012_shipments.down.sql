DROP TABLE shipments;
DROP TABLE parcels;
