package alipay

// ReadBill reads a statement's ZIP.
var ReadBill = readBill
