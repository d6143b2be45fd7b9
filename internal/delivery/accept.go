package delivery

import (
	"context"
	"slices"

	"parkbff/ent"
	"parkbff/ent/messagequota"
	"parkbff/ent/notice"
	"parkbff/internal/fault"
	notices "parkbff/internal/notice"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// mostAccepted bounds what a client says was accepted: the platform knows, and refuses what is beyond.
const mostAccepted = 100

// kinds are all that a notice may be about, in the contract's order.
var kinds = []notice.Kind{
	notice.KindENTERED, notice.KindEXITED, notice.KindBOUND_BY_ANOTHER, notice.KindEVICTED,
	notice.KindCO_DRIVER_REMOVED, notice.KindDISPUTE_OPENED, notice.KindDISPUTE_DECIDED,
	notice.KindPAID, notice.KindREFUNDED, notice.KindDEDUCTION_FAILED, notice.KindCHARGE_DECIDED, notice.KindRESERVED, notice.KindNO_SHOW,
}

// Templates lists what the mini-program of a channel can ask its person to accept; to whoever is signed in, with
// how many messages are still accepted. Error: BAD_USER_INPUT.
func (s *Service) Templates(ctx context.Context, channel messagequota.Channel) ([]*Template, error) {
	if messagequota.ChannelValidator(channel) != nil {
		return nil, fault.BadInput.At("channel")
	}
	remaining := map[messagequota.Kind]int{}
	v := viewer.Of(ctx)
	if v.Registered() {
		rows, err := s.Store.Client(ctx).MessageQuota.Query().
			Where(messagequota.AccountID(v.AccountID), messagequota.ChannelEQ(channel)).All(ctx)
		if err != nil {
			return nil, wrap("read accepted messages", err)
		}
		for _, row := range rows {
			remaining[row.Kind] = row.Remaining
		}
	}
	all := []*Template{}
	for _, kind := range kinds {
		id, offered := s.template(channel, kind)
		if !offered {
			continue
		}
		t := &Template{Kind: kind, TemplateID: id}
		if v.Registered() {
			t.Remaining = new(remaining[messagequota.Kind(kind)])
		}
		all = append(all, t)
	}
	return all, nil
}

func (s *Service) template(channel messagequota.Channel, kind notice.Kind) (id string, offered bool) {
	messenger := s.Messengers[channel]
	if messenger == nil {
		return "", false
	}
	return messenger.Template(kind)
}

// Accept counts messages that the asking person has just accepted in the mini-program, one of each kind, up to
// 100 of a kind.
//
// Errors: UNAUTHENTICATED, FORBIDDEN; BAD_USER_INPUT for kinds that are none or come twice; MESSAGE_NOT_OFFERED;
// CHANNEL_NOT_LINKED.
func (s *Service) Accept(ctx context.Context, channel messagequota.Channel, accepted []notice.Kind) ([]*Template, error) {
	v, err := asker(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.acceptable(channel, accepted); err != nil {
		return nil, err
	}
	_, linked, err := s.People.SubjectOf(viewer.AsSystem(ctx, jobSetting), v.AccountID, linkOf(channel))
	if err != nil {
		return nil, err
	}
	if !linked {
		return nil, NotLinked
	}
	err = s.write(ctx, jobSetting, func(ctx context.Context, tx *ent.Tx) error {
		if open, err := hold(ctx, tx, v.AccountID); err != nil || !open {
			return err
		}
		for _, kind := range accepted {
			if err := s.accept(ctx, tx, v.AccountID, channel, messagequota.Kind(kind)); err != nil {
				return err
			}
		}
		return notices.Reach(ctx, tx, v.AccountID)
	})
	if err != nil {
		return nil, err
	}
	return s.Templates(ctx, channel)
}

func (s *Service) acceptable(channel messagequota.Channel, accepted []notice.Kind) error {
	if messagequota.ChannelValidator(channel) != nil {
		return fault.BadInput.At("channel")
	}
	for i, kind := range accepted {
		if notice.KindValidator(kind) != nil || slices.Contains(accepted[:i], kind) {
			return fault.BadInput.At("kinds")
		}
		if _, offered := s.template(channel, kind); !offered {
			return NotOffered
		}
	}
	if len(accepted) == 0 {
		return fault.BadInput.At("kinds")
	}
	return nil
}

func (s *Service) accept(ctx context.Context, tx *ent.Tx, accountID int64, channel messagequota.Channel, kind messagequota.Kind) error {
	of := messagequota.And(messagequota.AccountID(accountID), messagequota.ChannelEQ(channel), messagequota.KindEQ(kind))
	row, err := tx.MessageQuota.Query().Where(of).Only(ctx)
	if ent.IsNotFound(err) {
		err = tx.MessageQuota.Create().SetAccountID(accountID).SetChannel(channel).SetKind(kind).SetRemaining(1).
			SetChangedAt(s.Clock.Now()).Exec(ctx)
		if store.IsDuplicate(err) {
			return store.Retry(err)
		}
		return wrap("count an accepted message", err)
	}
	if err != nil {
		return wrap("read accepted messages", err)
	}
	err = tx.MessageQuota.UpdateOneID(row.ID).SetRemaining(min(row.Remaining+1, mostAccepted)).SetChangedAt(s.Clock.Now()).Exec(ctx)
	return wrap("count an accepted message", err)
}
