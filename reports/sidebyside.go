package reports

import (
	"context"

	"longtake/reports/web"
)

func (b *builder) sideBySide(ctx context.Context, sections []web.Section) ([]web.Sheet, error) {
	return nil, nil
}
