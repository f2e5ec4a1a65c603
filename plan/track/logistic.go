package track

import "math"

// logistic is a ridge logistic regression on standardised columns (le Cessie and van
// Houwelingen, "Ridge estimators in logistic regression", 1992), with the moderation of
// its answer by its own uncertainty (MacKay, "The evidence framework applied to
// classification networks", 1992): where data are thin the chance is pulled towards 1/2.
type logistic struct {
	mean, sd []float64
	// theta holds the intercept, then a weight per column and standard deviation.
	theta []float64
	// factor is the Cholesky factor of the penalised information matrix.
	factor [][]float64
}

// newtonSteps suffice many times over: the loss is convex and the ridge bounds it.
const newtonSteps = 30

// fitLogistic fits the chance of kept, a number from 0 to 1 per row. The intercept is not
// penalised.
func fitLogistic(rows [][]float64, kept []float64, ridge float64) *logistic {
	columns := len(rows[0])
	l := &logistic{mean: make([]float64, columns), sd: make([]float64, columns), theta: make([]float64, columns+1)}
	for j := range columns {
		l.mean[j], l.sd[j] = moments(rows, j)
	}
	x := make([][]float64, len(rows))
	for i, row := range rows {
		x[i] = l.standardise(row)
	}
	gradient := make([]float64, columns+1)
	for range newtonSteps {
		clear(gradient)
		info := make([][]float64, columns+1)
		for a := range info {
			info[a] = make([]float64, columns+1)
			if a > 0 {
				info[a][a] = ridge
				gradient[a] = -ridge * l.theta[a]
			}
		}
		for i, xi := range x {
			p := sigmoid(dot(l.theta, xi))
			w := max(p*(1-p), 1e-9)
			for a, xa := range xi {
				gradient[a] += (kept[i] - p) * xa
				for b := range a + 1 {
					info[a][b] += w * xa * xi[b]
				}
			}
		}
		l.factor = cholesky(info)
		step := 0.0
		for a, d := range solveCholesky(l.factor, gradient) {
			l.theta[a] += d
			step = max(step, math.Abs(d))
		}
		if step < 1e-10 {
			break
		}
	}
	return l
}

// score returns the moderated log-odds of a row, and what each column adds to them.
func (l *logistic) score(row []float64) (odds float64, effects []float64) {
	x := l.standardise(row)
	v := dot(x, solveCholesky(l.factor, x))
	shrink := 1 / math.Sqrt(1+math.Pi*v/8)
	effects = make([]float64, len(row))
	for j := range effects {
		effects[j] = shrink * l.theta[j+1] * x[j+1]
	}
	return shrink * dot(l.theta, x), effects
}

func (l *logistic) standardise(row []float64) []float64 {
	x := make([]float64, len(row)+1)
	x[0] = 1
	for j, v := range row {
		if !math.IsNaN(v) && l.sd[j] > 0 {
			x[j+1] = (v - l.mean[j]) / l.sd[j]
		}
	}
	return x
}

// moments returns mean and standard deviation of a column over the rows that know it.
func moments(rows [][]float64, column int) (mean, sd float64) {
	n := 0.0
	for _, row := range rows {
		if v := row[column]; !math.IsNaN(v) {
			n++
			mean += v
		}
	}
	if n == 0 {
		return 0, 0
	}
	mean /= n
	for _, row := range rows {
		if v := row[column]; !math.IsNaN(v) {
			sd += (v - mean) * (v - mean)
		}
	}
	return mean, math.Sqrt(sd / n)
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// cholesky returns L with L·L' = a for a symmetric, positive definite a, of which the
// lower half is read. Diagonals are kept above 0, so that columns that say the same, with
// no ridge to part them, do no harm.
func cholesky(a [][]float64) [][]float64 {
	l := make([][]float64, len(a))
	for i := range a {
		l[i] = make([]float64, len(a))
		for j := range i + 1 {
			s := a[i][j] - dot(l[i][:j], l[j][:j])
			if i == j {
				l[i][i] = math.Sqrt(max(s, 1e-12))
			} else {
				l[i][j] = s / l[j][j]
			}
		}
	}
	return l
}

// solveCholesky returns x with L·L'·x = b.
func solveCholesky(l [][]float64, b []float64) []float64 {
	x := make([]float64, len(b))
	for i := range b {
		x[i] = (b[i] - dot(l[i][:i], x[:i])) / l[i][i]
	}
	for i := len(b) - 1; i >= 0; i-- {
		for k := i + 1; k < len(b); k++ {
			x[i] -= l[k][i] * x[k]
		}
		x[i] /= l[i][i]
	}
	return x
}
