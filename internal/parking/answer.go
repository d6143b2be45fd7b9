package parking

import (
	"context"
	"fmt"
	"slices"

	"parkbff/ent"
	"parkbff/ent/notice"
	"parkbff/ent/observation"
	"parkbff/internal/money"
	told "parkbff/internal/notice"
)

// answer is the outcome of an observation that has just been placed.
func (s *Service) answer(ctx context.Context, seen *sighting, p *placed) (*Outcome, error) {
	out := &Outcome{Barrier: Barrier{Decision: p.decision, Reason: p.reason}}
	if p.stay == nil {
		out.Barrier.DisplayText = displayText(p.reason, 0)
		return out, EntryNotFound
	}
	stay, err := s.stayOf(ctx, p.stay)
	if err != nil {
		return nil, err
	}
	out.Stay = stay
	out.Barrier.DisplayText = displayText(p.reason, stay.OwedFen())
	return out, nil
}

// answerAgain answers a report of an event that is known already as it was answered first.
func (s *Service) answerAgain(ctx context.Context, tx *ent.Tx, seen *sighting, known *ent.Observation) (*Outcome, error) {
	same := known.Direction == seen.Direction && known.ObservedAt.Equal(seen.ObservedAt) &&
		slices.Equal(known.PlateIndex, seen.index)
	if !same {
		return nil, EventMismatch.At("eventId")
	}
	p := &placed{outcome: known.Outcome, decision: known.Decision, reason: known.Reason}
	if known.SessionID != nil {
		stay, err := tx.ParkingSession.Get(ctx, *known.SessionID)
		if err != nil {
			return nil, fmt.Errorf("read the event's stay: %w", err)
		}
		p.stay = stay
	}
	out, err := s.answer(ctx, seen, p)
	if out != nil {
		out.Duplicate = true
	}
	return out, err
}

// displayText is what a lane's screen shows. What was owed when an event was first reported may have
// been paid by the time it is reported again.
func displayText(reason observation.Reason, owedFen int64) string {
	owedFen = max(0, owedFen)
	switch reason {
	case observation.ReasonWELCOME:
		return "欢迎光临"
	case observation.ReasonNOTHING_DUE:
		return "一路平安"
	case observation.ReasonPAYMENT_DUE:
		return "请缴费 " + money.Yuan(owedFen) + " 元"
	case observation.ReasonDEDUCTING:
		return "正在扣费 " + money.Yuan(owedFen) + " 元，请稍候"
	case observation.ReasonBILLED:
		return "停车费 " + money.Yuan(owedFen) + " 元，已记账"
	case observation.ReasonNO_ENTRY:
		return "未找到入场记录，请联系管理员"
	case observation.ReasonBLOCKED:
		return "该车辆限制入场，请联系管理员"
	case observation.ReasonREREAD:
		return "请通行"
	}
	return ""
}

// tell writes a notice for each account that may see the stay and follows (R024). What happened more
// than a day ago is no news.
func (s *Service) tell(ctx context.Context, tx *ent.Tx, seen *sighting, p *placed) error {
	news, ok := newsOf(seen, p)
	if !ok || p.stay.VehicleID == nil {
		return nil
	}
	accounts, err := s.listeners(ctx, tx, p, news.Kind)
	if err != nil {
		return err
	}
	if len(accounts) == 0 {
		return nil
	}
	// The plate read may be another car's (P04), which is nobody's business here.
	plate, err := s.plateOf(ctx, p.stay)
	if err != nil {
		return err
	}
	news.Plate = plate.Text()
	for _, account := range accounts {
		news.AccountID = account
		if err := s.teller.Tell(ctx, tx, news); err != nil {
			return fmt.Errorf("tell an account: %w", err)
		}
	}
	return nil
}

func newsOf(seen *sighting, p *placed) (told.Telling, bool) {
	if seen.late || p.stay == nil || p.stay.VehicleID == nil {
		return told.Telling{}, false
	}
	news := told.Telling{
		SessionID: p.stay.ID, VehicleID: *p.stay.VehicleID, LotID: seen.lot.Row,
		OccurredAt: seen.ObservedAt,
	}
	switch p.outcome {
	case observation.OutcomeOPENED:
		news.Kind = notice.KindENTERED
	case observation.OutcomeCLOSED:
		news.Kind, news.FeeFen = notice.KindEXITED, &p.stay.FeeFen
	default:
		return told.Telling{}, false
	}
	return news, true
}

// listeners are the accounts that have the stay's vehicle bound, agree to its being tracked, want such
// messages, may see the stay and follow on a channel. Of an entry they were found when they were let see the stay.
func (s *Service) listeners(ctx context.Context, tx *ent.Tx, p *placed, kind notice.Kind) ([]int64, error) {
	if kind == notice.KindENTERED {
		return p.listeners, nil
	}
	found, err := s.bindersSeeing(ctx, tx, p.stay, kind)
	if err != nil {
		return nil, err
	}
	return listening(found), nil
}
