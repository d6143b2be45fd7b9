package live

import "context"

// Check answers the errors, a JSON array, of a request that would be refused before anything of it is carried
// out: its document does not parse, is not valid or goes beyond the limits, or it is a mutation and may only
// read. It answers nil for every other. Error: why who may no longer be served, see Viewer.
func (r *Runner) Check(ctx context.Context, who Viewer, request Request) (refusal []byte, err error) {
	_, _, refusal, err = r.prepare(ctx, who, interned(request))
	return refusal, err
}
