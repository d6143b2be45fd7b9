package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/follower"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/predicate"
	"parkbff/internal/fault"
	"parkbff/internal/store"
)

// Followed keeps what an official account tells of a follower and changes the facts of the account that is
// linked with that person at once (R023). What is told of people without an account counts when they link.
// An event that is told again, or after a later one, changes nothing. Error: BAD_USER_INPUT for an event
// of no such channel or of nobody.
func (s *Service) Followed(ctx context.Context, e FollowEvent) error {
	if follower.ChannelValidator(e.Channel) != nil || e.Person.Subject == "" {
		return fault.BadInput
	}
	var news bool
	err := s.write(ctx, "keep a follow event", func(ctx context.Context, tx *ent.Tx) (err error) {
		if news, err = s.keepFollower(ctx, tx, e); err != nil || !news {
			return err
		}
		return s.settleFollowers(ctx, tx, e)
	})
	if err != nil || !news {
		return err
	}
	// A link that was being written meanwhile saw nothing of the event, and the event nothing of it. Both
	// look once more after their commit, so the later one sees the other.
	return s.write(ctx, "settle a follow event", func(ctx context.Context, tx *ent.Tx) error {
		return s.settleFollowers(ctx, tx, e)
	})
}

// lookForFollowing is the second look after a new link; see Followed.
func (s *Service) lookForFollowing(ctx context.Context, accountID int64, ch linkedaccount.Channel) error {
	return s.write(ctx, "look for follow events", func(ctx context.Context, tx *ent.Tx) error {
		if _, err := holdAccount(ctx, tx, accountID); err != nil {
			return err
		}
		return s.settleFollowing(ctx, tx, accountID, platformOf(ch).told())
	})
}

// keepFollower answers whether the event says something new. Platforms tell the time in seconds: of two
// events of one second the unfollowing counts, whichever comes first. An event without the shared id, as
// those of unfollowing are, leaves the one that is known.
func (s *Service) keepFollower(ctx context.Context, tx *ent.Tx, e FollowEvent) (news bool, err error) {
	known, err := s.followerOf(ctx, tx, e)
	if err != nil {
		return false, err
	}
	if known == nil {
		return true, s.addFollower(ctx, tx, e)
	}
	if !supersedes(e, known) {
		return false, nil
	}
	change := tx.Follower.UpdateOneID(known.ID).SetFollowing(e.Following).SetToldAt(e.At)
	if e.Person.Union != "" {
		change.SetUnionIndex(s.unionIndex(platformOf(e.Channel), e.Person))
	}
	if err := change.Exec(ctx); err != nil {
		return false, fmt.Errorf("keep the follow event: %w", err)
	}
	return true, nil
}

func supersedes(e FollowEvent, known *ent.Follower) bool {
	return e.At.After(known.ToldAt) || e.At.Equal(known.ToldAt) && known.Following && !e.Following
}

func (s *Service) followerOf(ctx context.Context, tx *ent.Tx, e FollowEvent) (*ent.Follower, error) {
	row, err := tx.Follower.Query().
		Where(follower.ChannelEQ(e.Channel), follower.SubjectIndex(s.subjectIndex(string(e.Channel), e.Person))).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the follower: %w", err)
	}
	return row, nil
}

func (s *Service) addFollower(ctx context.Context, tx *ent.Tx, e FollowEvent) error {
	row := tx.Follower.Create().SetChannel(e.Channel).SetSubjectIndex(s.subjectIndex(string(e.Channel), e.Person)).
		SetFollowing(e.Following).SetToldAt(e.At)
	if e.Person.Union != "" {
		row.SetUnionIndex(s.unionIndex(platformOf(e.Channel), e.Person))
	}
	err := row.Exec(ctx)
	if store.IsDuplicate(err) {
		return store.Retry(err)
	}
	if err != nil {
		return fmt.Errorf("keep the follow event: %w", err)
	}
	return nil
}

// settleFollowers settles the accounts that are linked with the person of an event.
func (s *Service) settleFollowers(ctx context.Context, tx *ent.Tx, e FollowEvent) error {
	known, err := s.followerOf(ctx, tx, e)
	if err != nil || known == nil {
		return err
	}
	rows, err := tx.LinkedAccount.Query().Where(linkedaccount.EndedAtIsNil(), linkedTo(known)).All(ctx)
	if err != nil {
		return fmt.Errorf("find linked accounts: %w", err)
	}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.AccountID
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if _, err := holdAccount(ctx, tx, id); err != nil {
			return err
		}
		if err := s.settleFollowing(ctx, tx, id, e.Channel); err != nil {
			return err
		}
	}
	return nil
}

// linkedTo selects the links with a follower: as the same person of the same app, or by the id that all our
// apps share there.
func linkedTo(f *ent.Follower) predicate.LinkedAccount {
	same := linkedaccount.And(linkedaccount.ChannelEQ(linkedaccount.Channel(f.Channel)), linkedaccount.SubjectIndex(f.SubjectIndex))
	if len(f.UnionIndex) == 0 {
		return same
	}
	return linkedaccount.Or(same, linkedaccount.UnionIndex(f.UnionIndex))
}

// settleFollowing makes an account follow on a channel, or not, as the platform told last.
func (s *Service) settleFollowing(ctx context.Context, tx *ent.Tx, accountID int64, ch follower.Channel) error {
	s.accountChanged(ctx, accountID)
	told, err := s.toldToFollow(ctx, tx, accountID, ch)
	if err != nil {
		return err
	}
	if !told {
		return s.unlink(ctx, tx, accountID, channellink.Channel(ch))
	}
	return followOn(ctx, tx, accountID, channellink.Channel(ch), s.clock.Now())
}

// toldToFollow tells whether a person with whom the account is linked follows, by the event told last.
func (s *Service) toldToFollow(ctx context.Context, tx *ent.Tx, accountID int64, ch follower.Channel) (bool, error) {
	links, err := tx.LinkedAccount.Query().Where(linkedaccount.AccountID(accountID), linkedaccount.EndedAtIsNil()).All(ctx)
	if err != nil {
		return false, fmt.Errorf("read linked accounts: %w", err)
	}
	var same []predicate.Follower
	for _, link := range links {
		if string(link.Channel) == string(ch) {
			same = append(same, follower.SubjectIndex(link.SubjectIndex))
		}
		if len(link.UnionIndex) > 0 {
			same = append(same, follower.UnionIndex(link.UnionIndex))
		}
	}
	if len(same) == 0 {
		return false, nil
	}
	told, err := tx.Follower.Query().Where(follower.ChannelEQ(ch), follower.Following(true), follower.Or(same...)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("read followers: %w", err)
	}
	return told, nil
}

// followOn makes an account follow on a channel. One that does follow keeps the time since when.
func followOn(ctx context.Context, tx *ent.Tx, accountID int64, ch channellink.Channel, now time.Time) error {
	follows, err := tx.ChannelLink.Query().Where(channellink.AccountID(accountID), channellink.ChannelEQ(ch),
		channellink.EndedAtIsNil()).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read channels: %w", err)
	}
	if follows {
		return nil
	}
	return linkOn(ctx, tx, accountID, ch, now)
}
