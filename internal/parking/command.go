package parking

import (
	"context"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"parkbff/ent"
	"parkbff/ent/gate"
	"parkbff/ent/gatecommand"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// commandHolds is how long an order may be carried out: a barrier that opens for a car long gone opens
// for the next one.
const commandHolds = 30 * time.Second

const (
	longestReason  = 200
	longestDisplay = 40
)

// Command is an order that staff send to a gate.
type Command struct {
	IdempotencyKey string
	LotCode        string
	GateCode       string
	Kind           gatecommand.Kind
	Text           string // for DISPLAY
	Reason         string
}

// SendCommand orders a gate to open or to show a text. The same key makes one order. It is for the
// staff of the lot. Errors: UnknownLot, UnknownGate, BadCommand, KeyReused, fault.Forbidden.
func (s *Service) SendCommand(ctx context.Context, c Command) (*GateCommand, error) {
	lot, ok := s.Lot(c.LotCode)
	if !ok {
		return nil, UnknownLot.At("lotCode")
	}
	sender, err := staffAt(ctx, lot.Row)
	if err != nil {
		return nil, err
	}
	target, ok := s.GateAt(lot, c.GateCode)
	if !ok {
		return nil, UnknownGate.At("gateCode")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	var sent *ent.GateCommand
	err = s.store.WithTx(viewer.AsSystem(ctx, jobCommand), func(ctx context.Context, tx *ent.Tx) (err error) {
		sent, err = s.writeCommand(ctx, tx, target, sender.StaffID, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return commandOf(sent), nil
}

func (c *Command) check() error {
	switch {
	case !validEventID(c.IdempotencyKey):
		return BadCommand.At("idempotencyKey")
	case c.Reason == "" || utf8.RuneCountInString(c.Reason) > longestReason:
		return BadCommand.At("reason")
	case (c.Kind == gatecommand.KindDISPLAY) != (c.Text != ""), utf8.RuneCountInString(c.Text) > longestDisplay:
		return BadCommand.At("text")
	}
	return nil
}

// writeCommand writes the order of a member of staff, or of the program itself, whose id is 0.
func (s *Service) writeCommand(ctx context.Context, tx *ent.Tx, target *Gate, staffID int64, c Command) (*ent.GateCommand, error) {
	known, err := tx.GateCommand.Query().
		Where(gatecommand.GateID(target.Row), gatecommand.IdempotencyKey(c.IdempotencyKey)).Only(ctx)
	switch {
	case err == nil && (known.Kind != c.Kind || known.Text != c.Text || known.Reason != c.Reason):
		return nil, KeyReused.At("idempotencyKey")
	case err == nil:
		return known, nil
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for the order: %w", err)
	}
	row, err := tx.Gate.UpdateOneID(target.Row).AddCommandSequence(1).Select(gate.FieldCommandSequence).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("count the order: %w", err)
	}
	now := s.clock.Now()
	create := tx.GateCommand.Create().
		SetGateID(target.Row).SetLotID(target.LotID).SetSequence(row.CommandSequence).
		SetIdempotencyKey(c.IdempotencyKey).SetKind(c.Kind).SetText(c.Text).SetReason(c.Reason).
		SetCreatedAt(now).SetExpiresAt(now.Add(commandHolds))
	if staffID != 0 {
		create.SetStaffID(staffID)
	}
	sent, err := create.Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the order has just been sent: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the order: %w", err)
	}
	store.AfterCommit(ctx, func() { s.announce(CommandSubject(target.Row)) })
	return sent, nil
}

// CommandSubject says that a gate has new orders.
func CommandSubject(gateID int64) string { return subjectCommands + strconv.FormatInt(gateID, 10) }

// announce tells the other replicas and this one. What is lost on the way is found by the next look.
func (s *Service) announce(subject string) {
	if err := s.bus.Publish(subject, nil); err != nil {
		s.log.Warn("the bus did not take a message", "error", err)
	}
}

// Acknowledge records what became of an order. It is for the gate it was sent to; said twice, the first
// word holds. Error: fault.NotFound.
func (s *Service) Acknowledge(ctx context.Context, row int64, outcome gatecommand.Outcome) (*GateCommand, error) {
	machine, err := gateAtWork(ctx)
	if err != nil {
		return nil, err
	}
	var command *ent.GateCommand
	err = s.store.WithTx(viewer.AsSystem(ctx, jobCommand), func(ctx context.Context, tx *ent.Tx) error {
		found, err := tx.GateCommand.Query().Where(gatecommand.ID(row), gatecommand.GateID(machine.GateID)).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			return fault.NotFound
		case err != nil:
			return fmt.Errorf("read the order: %w", err)
		case found.AcknowledgedAt != nil:
			command = found
			return nil
		}
		command, err = tx.GateCommand.UpdateOne(found).SetAcknowledgedAt(s.clock.Now()).SetOutcome(outcome).Save(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return commandOf(command), nil
}

// CommandByRow answers an order that the viewer may see. Error: fault.NotFound.
func (s *Service) CommandByRow(ctx context.Context, row int64) (*GateCommand, error) {
	found, err := s.store.Client(ctx).GateCommand.Query().Where(gatecommand.ID(row)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	return commandOf(found), nil
}

// CommandsAfter lists the orders of the asking gate that follow a sequence, wait for an answer and may
// still be carried out; and the sequence to go on from.
func (s *Service) CommandsAfter(ctx context.Context, sequence int64) ([]*GateCommand, int64, error) {
	rows, err := s.store.Fresh(ctx).GateCommand.Query().
		Where(gatecommand.GateID(viewer.Of(ctx).GateID), gatecommand.SequenceGT(sequence),
			gatecommand.AcknowledgedAtIsNil(), gatecommand.ExpiresAtGT(s.clock.Now())).
		Order(ent.Asc(gatecommand.FieldSequence)).Limit(mostAtOnce).All(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("read orders: %w", err)
	}
	commands := make([]*GateCommand, len(rows))
	for i, row := range rows {
		commands[i], sequence = commandOf(row), row.Sequence
	}
	return commands, sequence, nil
}

// Sender is a member of staff at a lot, from an instant to before another.
type Sender struct {
	StaffID, LotID int64
	From           *time.Time // nil: not yet
	Until          *time.Time // nil: until now
}

// Openings lists the orders to open that a member of staff sent and the viewer may see, newest first.
func (s *Service) Openings(ctx context.Context, by Sender, p page.Request) (page.Of[*GateCommand], error) {
	if by.From == nil {
		return page.Of[*GateCommand]{}, nil
	}
	query := s.store.Client(ctx).GateCommand.Query().
		Where(gatecommand.StaffID(by.StaffID), gatecommand.LotID(by.LotID), gatecommand.KindEQ(gatecommand.KindOPEN),
			gatecommand.CreatedAtGTE(*by.From)).
		Order(ent.Desc(gatecommand.FieldID)).Limit(p.Limit())
	if by.Until != nil {
		query.Where(gatecommand.CreatedAtLT(*by.Until))
	}
	if p.After > 0 {
		query.Where(gatecommand.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*GateCommand]{}, fmt.Errorf("read orders to open: %w", err)
	}
	cut := page.Cut(rows, p.First)
	openings := make([]*GateCommand, len(cut.Items))
	for i, row := range cut.Items {
		openings[i] = commandOf(row)
	}
	return page.Of[*GateCommand]{Items: openings, More: cut.More}, nil
}

func commandOf(row *ent.GateCommand) *GateCommand {
	return &GateCommand{
		Row: row.ID, Kind: row.Kind, Text: optional(row.Text), Reason: row.Reason, SentAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
		AcknowledgedAt: row.AcknowledgedAt, Outcome: row.Outcome,
	}
}
