package server

import (
	"context"
	"time"

	"parkbff/internal/agreement"
	"parkbff/internal/money"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/wechatpay"
)

// Channels that deduct are told a name or a place of the merchant's, and never which lot a car is in (R104).

// deductByWechat has WeChat's parking service deduct, where the merchant has a name there.
func (p *Partners) deductByWechat(name string) {
	if name != "" {
		p.deductions[money.WeChat] = agreement.Offer{Channel: wechatDeductions{p.WechatPay, name}, Way: money.CreditScore}
	}
}

// deductByAlipay has Alipay deduct, where the merchant has registered a place there.
func (p *Partners) deductByAlipay(place charge.Lot, advances bool) {
	if place.ID == "" || place.Number == "" {
		return
	}
	way := money.PasswordFree
	if advances {
		way = money.CreditScore
	}
	p.deductions[money.Alipay] = agreement.Offer{Channel: alipayDeductions{p.AlipayPay, place}, Way: way}
}

type wechatDeductions struct {
	*wechatpay.Client
	name string
}

// Enter tells that a car has come.
func (w wechatDeductions) Enter(ctx context.Context, e charge.Entry) (string, error) {
	e.LotName = w.name
	return w.Client.Enter(ctx, e)
}

// Deduct takes money.
func (w wechatDeductions) Deduct(ctx context.Context, d charge.Deduction) (charge.Receipt, error) {
	d.Entry.LotName = w.name
	return w.Client.Deduct(ctx, d)
}

// FindDeduction tells what became of a deduction.
func (w wechatDeductions) FindDeduction(ctx context.Context, of charge.Named) (charge.Receipt, error) {
	return w.Client.FindDeduction(ctx, of.Number)
}

// Leave tells nothing: WeChat takes a car for gone once it has deducted.
func (wechatDeductions) Leave(context.Context, charge.Entry, string, time.Time) error { return nil }

type alipayDeductions struct {
	*alipay.Pay
	place charge.Lot
}

// Enter tells that a car has come.
func (a alipayDeductions) Enter(ctx context.Context, e charge.Entry) (string, error) {
	e.Lot = a.place
	return a.Pay.Enter(ctx, e)
}

// Deduct takes money.
func (a alipayDeductions) Deduct(ctx context.Context, d charge.Deduction) (charge.Receipt, error) {
	d.Entry.Lot = a.place
	return a.Pay.Deduct(ctx, d)
}

// FindDeduction tells what became of a deduction.
func (a alipayDeductions) FindDeduction(ctx context.Context, of charge.Named) (charge.Receipt, error) {
	return a.Pay.FindDeduction(ctx, of.Number)
}

// Leave tells that a car has gone.
func (a alipayDeductions) Leave(ctx context.Context, e charge.Entry, reference string, left time.Time) error {
	e.Lot = a.place
	return a.Pay.Leave(ctx, e, reference, left)
}
