package identity

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"parkbff/ent"
	"parkbff/ent/channelvisit"
	"parkbff/ent/linkedaccount"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

const (
	visitLife = 10 * time.Minute
	// stateBytes of a state, which is written in hexadecimal: WeChat takes letters and digits only, and 128 of
	// them at most.
	stateBytes = 32
)

// ChannelVisit is a way through a platform's page of authorisation.
type ChannelVisit struct {
	AuthorizeURL string
	State        string
	ExpiresIn    int // seconds
}

// Format prints "channel visit" whatever the verb.
func (ChannelVisit) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "channel visit") }

// BeginChannelVisit answers the page of authorisation of a channel, and the state that leads back from it:
// good once, for ten minutes, for this channel and for whoever asked, by account (RFC 9700 section 4.7). So
// nobody can have another's account linked to a person of their own choice. Clients must see to it that the
// state that comes back is the one they were given.
//
// Errors: BAD_USER_INPUT for a mini-program, which has no such page; CHANNEL_NOT_OFFERED; RATE_LIMITED for
// an address that asks too often (package pace).
func (s *Service) BeginChannelVisit(ctx context.Context, ch linkedaccount.Channel) (ChannelVisit, error) {
	if !pages[ch] {
		return ChannelVisit{}, fault.BadInput.At("channel")
	}
	platform := s.platforms[ch]
	if platform == nil {
		return ChannelVisit{}, ChannelNotOffered
	}
	if err := s.paced(ctx, "begin a channel visit"); err != nil {
		return ChannelVisit{}, err
	}
	state, err := s.drawState()
	if err != nil {
		return ChannelVisit{}, err
	}
	hash := s.stateHash(viewer.Of(ctx), state)
	err = s.write(ctx, "begin a channel visit", func(ctx context.Context, tx *ent.Tx) error {
		return s.keepVisit(ctx, tx, channelvisit.Channel(ch), hash)
	})
	if err != nil {
		return ChannelVisit{}, err
	}
	return ChannelVisit{AuthorizeURL: platform.AuthorizeURL(state), State: state, ExpiresIn: int(visitLife / time.Second)}, nil
}

func (s *Service) drawState() (string, error) {
	var b [stateBytes]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return "", fmt.Errorf("draw a state: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// keepVisit lets those go that are over.
func (s *Service) keepVisit(ctx context.Context, tx *ent.Tx, ch channelvisit.Channel, hash []byte) error {
	now := s.clock.Now()
	if _, err := tx.ChannelVisit.Delete().Where(channelvisit.ExpiresAtLTE(now)).Exec(ctx); err != nil {
		return fmt.Errorf("drop old visits: %w", err)
	}
	err := tx.ChannelVisit.Create().SetChannel(ch).SetStateHash(hash).
		SetCreatedAt(now).SetExpiresAt(now.Add(visitLife)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep a visit: %w", err)
	}
	return nil
}

// spendVisit uses up the state of a visit. Error: CHANNEL_REFUSED for every state that is not good now.
func (s *Service) spendVisit(ctx context.Context, ch linkedaccount.Channel, state string) error {
	hash := s.stateHash(viewer.Of(ctx), state)
	return s.write(ctx, "end a channel visit", func(ctx context.Context, tx *ent.Tx) error {
		now := s.clock.Now()
		spent, err := tx.ChannelVisit.Update().
			Where(channelvisit.StateHash(hash), channelvisit.ChannelEQ(channelvisit.Channel(ch)),
				channelvisit.UsedAtIsNil(), channelvisit.ExpiresAtGT(now)).
			SetUsedAt(now).Save(ctx)
		if err != nil {
			return fmt.Errorf("end a visit: %w", err)
		}
		if spent != 1 {
			return ChannelRefused.At("state")
		}
		return nil
	})
}

// stateHash is bound to the account that asks, 0 for whoever is not signed in to one.
func (s *Service) stateHash(v *viewer.Viewer, state string) []byte {
	return s.vault.Index("channel_visit", strconv.FormatInt(v.AccountID, 10)+"|"+state)
}
