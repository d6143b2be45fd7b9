package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/identity/token"
	"parkbff/internal/viewer"
)

// Settle sees to it that every demo account stands as its tier says, and answers since when they park.
// It is called at each start, before anybody can sign in, and changes nothing that is right already.
//
// It signs the accounts in through the domain's own service, whose clock it sets back by History and
// whose text messages it keeps to itself. So the plates are bound early enough for the accounts to see
// stays of the past, and the limits on sign-in codes are left to the newcomer. Each account keeps that
// one sign-in, which makes it follow its channel; folder holds a file that remembers it.
//
// An account that cannot be set right just now, because somebody has used it in the meantime, is left as
// it is. Errors: of the folder and of the store.
func Settle(ctx context.Context, people identity.Config, accounts []Account, folder string) (since time.Time, err error) {
	memory, err := recall(folder)
	if err != nil {
		return time.Time{}, err
	}
	if memory.Since.IsZero() {
		memory.Since = people.Clock.Now().Add(-History).Truncate(time.Second)
	}
	if people.Log == nil {
		people.Log = slog.New(slog.DiscardHandler)
	}
	box := &letterbox{}
	people.SMS, people.Clock = box, setBack{people.Clock}
	service, err := identity.New(people)
	if err != nil {
		return time.Time{}, err
	}
	for _, account := range accounts {
		tenant := &settler{people: service, box: box, memory: &memory, account: account}
		if err := tenant.settle(ctx); errors.Is(err, fault.RateLimited) || errors.Is(err, identity.TooManyPlates) {
			people.Log.Warn("a demo account stays as it is", "tier", account.Tier, "error", err)
		} else if err != nil {
			return time.Time{}, fmt.Errorf("settle the demo account of tier %s: %w", account.Tier, err)
		}
	}
	return memory.Since, memory.keep(folder)
}

// setBack is a clock that lives in the past.
type setBack struct{ clock.Clock }

func (c setBack) Now() time.Time { return c.Clock.Now().Add(-History) }

// letterbox takes the sign-in codes of the demo accounts.
type letterbox struct {
	mu   sync.Mutex
	code string
}

// SendCode keeps the code.
func (b *letterbox) SendCode(_ context.Context, _ cnid.Mobile, _ identity.CodePurpose, code string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.code = code
	return nil
}

func (b *letterbox) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.code
}

// settler sets one account right.
type settler struct {
	people  *identity.Service
	box     *letterbox
	memory  *memory
	account Account
}

func (s *settler) settle(ctx context.Context) error {
	ctx, standing, err := s.standing(ctx)
	if err != nil || standing {
		return err
	}
	if _, err := s.people.SendCode(ctx, s.account.Mobile, identity.CodeForLogin); err != nil {
		return err
	}
	if _, err := s.people.SignIn(ctx, identity.Login{Mobile: s.account.Mobile, Code: s.box.last(), Channel: s.account.Channel}); err != nil {
		return err
	}
	who := viewer.Of(ctx)
	s.memory.SignIns[s.account.Tier] = signedIn{Account: who.AccountID, SignIn: who.SignInID}
	for _, vehicle := range s.account.Vehicles {
		if err := s.own(ctx, vehicle); err != nil {
			return err
		}
	}
	return nil
}

// standing tells whether the remembered sign-in still stands for the tier and all vehicles. The context
// it answers has a place for the viewer who signs in.
func (s *settler) standing(ctx context.Context) (context.Context, bool, error) {
	ctx = viewer.With(ctx, viewer.Nobody())
	last, known := s.memory.SignIns[s.account.Tier]
	if !known {
		return ctx, false, nil
	}
	who, err := s.people.Viewer(ctx, token.Claims{Use: token.Access, Subject: last.Account, SignIn: last.SignIn})
	if errors.Is(err, identity.SignInEnded) {
		return ctx, false, nil
	}
	if err != nil {
		return ctx, false, err
	}
	return ctx, who.Tier() == s.account.Tier && who.BoundPlates() >= len(s.account.Vehicles), nil
}

// own binds a vehicle, names it and verifies it, as far as that has not been done.
func (s *settler) own(ctx context.Context, vehicle Vehicle) error {
	bound, err := s.people.BindPlate(ctx, vehicle.Plate.Text(), vehicle.Plate.Color(), true)
	if err != nil {
		return err
	}
	if bound.Nickname == nil {
		if _, err := s.people.RenameVehicle(ctx, bound.Row, &vehicle.Nickname); err != nil {
			return err
		}
	}
	if !vehicle.Verified || bound.Verified {
		return nil
	}
	licence, card, err := documents(vehicle.Plate)
	if err != nil {
		return err
	}
	_, err = s.people.VerifyVehicle(ctx, bound.Row, paper(licence), paper(card))
	return err
}

// documents answers the two "pictures" that the sandbox reads. The name says what it is, and the
// identity number is of a region that does not exist.
func documents(plate cnid.Plate) (licence, card []byte, err error) {
	const name = "测试用户"
	licence, err = json.Marshal(map[string]string{
		"plate": plate.Text(), "vin": "LDEM0000000000001", "engineNumber": "DEMO0001", "owner": name, "brandModel": "演示牌",
	})
	if err != nil {
		return nil, nil, fmt.Errorf("write a demo document: %w", err)
	}
	card, err = json.Marshal(map[string]string{"name": name, "idNumber": "990000199001010017"})
	if err != nil {
		return nil, nil, fmt.Errorf("write a demo document: %w", err)
	}
	return licence, card, nil
}

func paper(content []byte) identity.Picture {
	return identity.Picture{Purpose: identity.UploadVerifyPlate, Content: bytes.NewReader(content)}
}
