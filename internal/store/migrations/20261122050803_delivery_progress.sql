-- Modify "deliveries" table
ALTER TABLE "deliveries" ADD COLUMN "progress" character varying NULL;
