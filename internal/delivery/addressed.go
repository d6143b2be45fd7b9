package delivery

import (
	"context"
	"errors"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/delivery"
	"parkbff/ent/notice"
	"parkbff/ent/parkingsession"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	notices "parkbff/internal/notice"
	"parkbff/internal/viewer"
)

// addressed is a notice and the person it is for, as of this moment.
type addressed struct {
	told    *ent.Notice
	account *ent.Account
	to      *viewer.Viewer
	notice  *notices.Notice
}

// urgent is what leaves at any time, and by a text if nothing else is left.
func (a *addressed) urgent() bool { return notices.OfSecurity(a.told.Kind) }

// wantsOver tells whether the person wants the notice over a channel.
func (a *addressed) wantsOver(ch delivery.Channel) bool {
	switch ch {
	case delivery.ChannelJPUSH, delivery.ChannelGETUI:
		return a.account.PushWanted
	case delivery.ChannelSMS:
		return a.account.SmsWanted || a.urgent()
	}
	return true // a mini-program's messages are accepted one by one
}

// address answers a notice and whom it is for, or the reason why it must not leave.
func (s *Service) address(ctx context.Context, noticeRow int64) (a *addressed, dropped string, err error) {
	a = &addressed{}
	db := s.Store.Fresh(ctx)
	if a.told, err = db.Notice.Get(ctx, noticeRow); ent.IsNotFound(err) {
		return nil, noticeGone, nil
	} else if err != nil {
		return nil, "", fmt.Errorf("read the notice: %w", err)
	}
	a.account, err = db.Account.Query().Where(account.ID(a.told.AccountID), account.ClosedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, noticeGone, nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read the account: %w", err)
	}
	if a.to, err = s.People.Addressee(ctx, a.told.AccountID); errors.Is(err, fault.NotFound) {
		return nil, noticeGone, nil
	} else if err != nil {
		return nil, "", err
	}
	a.notice, err = s.Notices.Addressed(ctx, a.to, noticeRow)
	if errors.Is(err, fault.NotFound) {
		return nil, notAllowed, nil
	}
	if err != nil {
		return nil, "", err
	}
	dropped, err = s.refused(ctx, a)
	return a, dropped, err
}

// refused answers why a notice that its account may read must not leave; empty: it may. News of the account's
// security asks for no consent: it guards what is kept of the person here (PIPL art. 51), and who has taken the
// consent to parking services back cannot open the list and would never hear of it.
func (s *Service) refused(ctx context.Context, a *addressed) (string, error) {
	if a.notice.Hidden {
		return recordHidden, nil
	}
	if a.urgent() {
		return "", nil
	}
	if notices.OfPayment(a.told.Kind) {
		if !a.to.Follows() {
			return notAllowed, nil
		}
		return s.stale(ctx, a)
	}
	if entitlement.Require(a.to, entitlement.StayMessages, a.notice.VehicleID) != nil {
		return notAllowed, nil
	}
	wants, err := s.People.WantsNews(ctx, a.told.AccountID, a.notice.VehicleID, a.told.Kind)
	if err != nil {
		return "", err
	}
	if !wants {
		return notWanted, nil
	}
	return s.stale(ctx, a)
}

// stale answers why a notice of a stay is news no more.
func (s *Service) stale(ctx context.Context, a *addressed) (string, error) {
	if s.Clock.Now().Sub(a.told.OccurredAt) > newsFor {
		return tooLate, nil
	}
	if a.told.Kind != notice.KindENTERED || a.told.SessionID == nil {
		return "", nil
	}
	inside, err := s.Store.Fresh(ctx).ParkingSession.Query().
		Where(parkingsession.ID(*a.told.SessionID), parkingsession.StateEQ(parkingsession.StateOPEN)).Exist(ctx)
	if err != nil {
		return "", fmt.Errorf("read the stay: %w", err)
	}
	if !inside {
		return tooLate, nil
	}
	return "", nil
}
