package staffing

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent/staff"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

const (
	totpPeriod = 30 * time.Second // RFC 6238 section 4.1
	stepUp     = 10 * time.Minute
)

// StepUpRequired is answered to whoever has shown no second factor lately.
var StepUpRequired = fault.New("STEP_UP_REQUIRED", "This needs a second factor of the last ten minutes. Show one.")

// SteppedUp answers nil when the member of staff who asks has shown a second factor in the last ten minutes.
// Error: STEP_UP_REQUIRED.
func (s *Service) SteppedUp(ctx context.Context) error {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Staff {
		return StepUpRequired
	}
	oldest := s.clock.Now().Add(-stepUp).Unix() / int64(totpPeriod/time.Second)
	ctx = viewer.AsSystem(ctx, "read a second factor")
	shown, err := s.store.Fresh(ctx).Staff.Query().Where(staff.ID(v.StaffID), staff.TotpStepGT(oldest)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read the second factor: %w", err)
	}
	if !shown {
		return StepUpRequired
	}
	return nil
}
