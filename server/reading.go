package server

import (
	"context"

	"parkbff/internal/notice"
	"parkbff/internal/viewer"
)

// reading is a notice.Reading whose Next waits for no news: a goroutine of its own does.
type reading struct {
	waiting *notice.Reading
	bell    func()
	cancel  context.CancelFunc
	read    chan oneRead
	taken   chan struct{}
	ended   chan struct{}
}

type oneRead struct {
	n   *notice.Notice
	err error
}

func (s sources) read(ctx context.Context, accountID, after int64, bell func()) (*reading, error) {
	waiting, err := s.house.Notices.Open(ctx, accountID, after)
	if err != nil {
		return nil, err
	}
	v := viewer.Of(ctx)
	lean := &viewer.Viewer{Kind: v.Kind, AccountID: v.AccountID, SignInID: v.SignInID}
	ctx, cancel := context.WithCancel(viewer.With(context.WithoutCancel(ctx), lean))
	r := &reading{waiting: waiting, bell: bell, cancel: cancel, read: make(chan oneRead, 1), taken: make(chan struct{}, 1), ended: make(chan struct{})}
	go r.wait(ctx)
	return r, nil
}

func (r *reading) wait(ctx context.Context) {
	defer close(r.ended)
	for ctx.Err() == nil {
		n, err := r.waiting.Next(ctx)
		r.read <- oneRead{n, err}
		r.bell()
		select {
		case <-r.taken:
		case <-ctx.Done():
		}
	}
}

// Next answers the next notice if there is one.
func (r *reading) Next(context.Context) (*notice.Notice, bool, error) {
	select {
	case one := <-r.read:
		r.taken <- struct{}{}
		return one.n, one.err == nil, one.err
	default:
		return nil, false, nil
	}
}

// Close ends the reading.
func (r *reading) Close() {
	r.cancel()
	<-r.ended
	r.waiting.Close()
}
