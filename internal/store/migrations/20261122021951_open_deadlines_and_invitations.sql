-- Drop index "erasure_deadline" from table: "erasures"
DROP INDEX "erasure_deadline";
-- Create index "erasure_deadline" to table: "erasures"
CREATE INDEX "erasure_deadline" ON "erasures" ("deadline") WHERE (erased_at IS NULL);
-- Create index "vehiclebinding_invited_by_account_id" to table: "vehicle_bindings"
CREATE INDEX "vehiclebinding_invited_by_account_id" ON "vehicle_bindings" ("invited_by_account_id") WHERE (invited_by_account_id IS NOT NULL);
