-- Modify "reservation_offers" table
ALTER TABLE "reservation_offers" ADD COLUMN "owner_percent" bigint NOT NULL DEFAULT 0;
-- Modify "reservations" table
ALTER TABLE "reservations" ADD COLUMN "space_id" bigint NULL, ADD COLUMN "bay" character varying NULL, ADD COLUMN "owner_percent" bigint NOT NULL DEFAULT 0;
-- Create index "reservation_space_id_ends_at" to table: "reservations"
CREATE INDEX "reservation_space_id_ends_at" ON "reservations" ("space_id", "ends_at") WHERE (space_id IS NOT NULL);
-- Modify "shared_spaces" table
ALTER TABLE "shared_spaces" ADD COLUMN "hours" jsonb NULL;
