"""Newton's method in lanes, by the rules that its step on arrays follows: text for numba."""

__all__ = ["NEWTON"]

NEWTON = '''
@device
def lengths(n, m, count, vector, result):
    apart()
    for s in range(count):
        result[s] = 0.0
    for v in range(n):
        for s in range(count):
            result[s] = result[s] + vector[v * m + s] * vector[v * m + s]
    for s in range(count):
        result[s] = sqrt(result[s])
    return 0


@device
def exchanged(m, count, swap, one, other):
    apart()
    for s in range(count):
        a, b = one[s], other[s]
        one[s] = where(swap[s] > 0.0, b, a)
        other[s] = where(swap[s] > 0.0, a, b)
    return 0


@device
def larger(count, one, other, swap):
    apart()
    for s in range(count):
        swap[s] = where(abs(other[s]) > abs(one[s]), 1.0, 0.0)
    return 0


@device
def quotient(count, above, below, result):
    apart()
    for s in range(count):
        result[s] = above[s] / below[s]
    return 0


@device
def reduced(count, factor, row, result):
    apart()
    for s in range(count):
        result[s] = result[s] - factor[s] * row[s]
    return 0


@device
def divided(count, below, result):
    apart()
    for s in range(count):
        result[s] = result[s] / below[s]
    return 0


@device
def copied(length, source, result):
    apart()
    for k in range(length):
        result[k] = source[k]
    return 0


@device
def prepared(n, m, count, jacobian, residual, matrix, right, poison):
    """A copy to be solved in place; `poison` is nan where any entry is not finite."""
    apart()
    for s in range(count):
        poison[s] = 0.0
    for e in range(n * n):
        for s in range(count):
            matrix[e * m + s] = jacobian[e * m + s]
            poison[s] = poison[s] + 0.0 * jacobian[e * m + s]
    for v in range(n):
        for s in range(count):
            right[v * m + s] = -residual[v * m + s]
            poison[s] = poison[s] + 0.0 * residual[v * m + s]
    return 0


@device
def poisoned(n, m, count, poison, right):
    apart()
    for v in range(n):
        for s in range(count):
            right[v * m + s] = right[v * m + s] + poison[s]
    return 0


@device
def eliminated(n, m, count, matrix, right, swap):
    """Gauss's elimination with partial pivoting, a system in each lane."""
    for k in range(n):
        pivot = offset(matrix, (k * n + k) * m)
        for i in range(k + 1, n):
            larger(count, pivot, offset(matrix, (i * n + k) * m), swap)
            for j in range(k, n):
                one, other = offset(matrix, (k * n + j) * m), offset(matrix, (i * n + j) * m)
                exchanged(m, count, swap, one, other)
            exchanged(m, count, swap, offset(right, k * m), offset(right, i * m))
        for i in range(k + 1, n):
            quotient(count, offset(matrix, (i * n + k) * m), pivot, swap)
            for j in range(k + 1, n):
                row = offset(matrix, (k * n + j) * m)
                reduced(count, swap, row, offset(matrix, (i * n + j) * m))
            reduced(count, swap, offset(right, k * m), offset(right, i * m))
    for back in range(n):
        k = n - 1 - back
        for j in range(k + 1, n):
            entry = offset(matrix, (k * n + j) * m)
            reduced(count, entry, offset(right, j * m), offset(right, k * m))
        divided(count, offset(matrix, (k * n + k) * m), offset(right, k * m))
    return 0


@device
def scalar_step(count, jacobian, residual, result):
    apart()
    for s in range(count):
        r = residual[s]
        result[s] = where(r == 0.0, 0.0, -r / jacobian[s])
    return 0


@device
def newton_step(data, count, jacobian, residual):
    """The step that solves the linear equations, in NEXT; nan where they are singular."""
    m, n = data[SLOTS], data[UNKNOWNS]
    matrix, right = pointer(data[MATRIX]), pointer(data[NEXT])
    swap, poison = pointer(data[SWAP]), pointer(data[POISON])
    if n == 1:
        return scalar_step(count, jacobian, residual, right)
    prepared(n, m, count, jacobian, residual, matrix, right, poison)
    eliminated(n, m, count, matrix, right, swap)
    poisoned(n, m, count, poison, right)
    return 0


@device
def compared(count, after, before, fraction, accepted):
    """Accept what is shorter now, beside what has been accepted."""
    apart()
    refused = 0.0
    for s in range(count):
        yes = shorter(after[s], before[s], fraction[s])
        accepted[s] = where(yes, 1.0, accepted[s])
        refused = plus(refused, 1.0 - accepted[s])
    return refused


@device
def committed(length, m, count, accepted, new, held):
    apart()
    for e in range(length):
        for s in range(count):
            held[e * m + s] = where(accepted[s] > 0.0, new[e * m + s], held[e * m + s])
    return 0


@device
def told(n, m, count, settings, x, residual, direction, accepted, fraction, flags, marks):
    """The next fraction of a step, and the status, of every row."""
    apart()
    tol, smallest, runaway, floor = settings[0], settings[1], settings[2], settings[3]
    zero, finite = flags, offset(flags, m)
    directed, far, small = offset(flags, 2 * m), offset(flags, 3 * m), offset(flags, 4 * m)
    for s in range(count):
        zero[s] = finite[s] = directed[s] = small[s] = 1.0
        far[s] = 0.0
    for v in range(n):
        for s in range(count):
            here, r, step = x[v * m + s], residual[v * m + s], direction[v * m + s]
            zero[s] = where(r == 0.0, zero[s], 0.0)
            finite[s] = where(isfinite(r), finite[s], 0.0)
            directed[s] = where(isfinite(step), directed[s], 0.0)
            far[s] = where(abs(here) > runaway, 1.0, far[s])
            small[s] = where(is_small(step, here, tol, floor), small[s], 0.0)
    for s in range(count):
        yes = accepted[s] > 0.0
        fraction[s] = longer_or_shorter(yes, fraction[s])
        status = newton_status(
            zero[s] > 0.0, finite[s] > 0.0, directed[s] > 0.0, far[s] > 0.0, small[s] > 0.0
        )
        marks[2 * m + s] = stalled(where(yes, status, RUNNING), fraction[s], smallest)
        marks[m + s] += 1
    return 0


@device
def aimed(n, m, count, x, direction, fraction, first, last, trial):
    """The states to be tried next, where no end of the domain is singular."""
    apart()
    for v in range(n):
        for s in range(count):
            step = fraction[s] * direction[v * m + s]
            there = minimum(maximum(x[v * m + s] + step, first[v * m + s]), last[v * m + s])
            trial[v * m + s] = where(isfinite(step), there, nan)
    return 0


@device
def aimed_inside(n, m, count, x, direction, fraction, first, last, ends, trial):
    """The same towards singular ends: a step is one of the logarithm of the distance from them."""
    apart()
    low, high = ends, offset(ends, n * m)
    down, up = offset(ends, 2 * n * m), offset(ends, 3 * n * m)
    for v in range(n):
        for s in range(count):
            k = v * m + s
            here, step = x[k], fraction[s] * direction[k]
            left, right = here - low[k], high[k] - here
            below, above = down[k] > 0.0, up[k] > 0.0
            room = where(below, where(above, left * right / (left + right), left), right)
            length = minimum(maximum(step / room, -LARGEST), LARGEST)
            both = here + left * right * expm1(length) / (right + left * exp(length))
            one = where(below, here + left * expm1(length), here - right * expm1(-length))
            there = where(below & above, both, one)
            there = where(below | above, there, here + step)
            there = minimum(maximum(there, first[k]), last[k])
            trial[k] = where(isfinite(step), there, nan)
    return 0


@device
def one_pass(
    m, count, most, low, high, settings, outs, trial, x, residual, jacobian, direction, fraction,
    fresh, first, last, marks,
):
    """All that is below, for one unknown: each number is read and written once."""
    apart()
    tol, smallest, runaway, floor = settings[0], settings[1], settings[2], settings[3]
    for s in range(count):
        there, start = trial[s], fresh[s] > 0.0
        inside = (there >= first[s]) & (there <= last[s]) & isfinite(there)
        value = where(inside, outs[s], nan)
        part = where(start, 1.0, fraction[s])
        yes = start | shorter(abs(value), abs(residual[s]), part)
        here = where(yes, there, x[s])
        r = where(yes, value, residual[s])
        slope = where(yes, outs[m + s], jacobian[s])
        step = where(r == 0.0, 0.0, -r / slope)
        part = longer_or_shorter(yes, part)
        small, far = is_small(step, here, tol, floor), abs(here) > runaway
        status = newton_status(r == 0.0, isfinite(r), isfinite(step), far, small)
        status = stalled(where(yes, status, RUNNING), part, smallest)
        done = marks[m + s] + 1
        following = minimum(maximum(here + part * step, first[s]), last[s])
        following = where(isfinite(step), following, nan)
        status = where((status == RUNNING) & (done >= most), MAX_STEPS, status)
        beyond = (following < low) | (following > high)
        marks[2 * m + s] = where((status == RUNNING) & beyond, LEFT, status)
        marks[m + s] = done
        x[s], residual[s], jacobian[s], direction[s] = here, r, slope, step
        fraction[s], fresh[s], trial[s] = part, 0.0, following
    return 0


@device
def judged_alone(data, count):
    """Whether there is one unknown, of which no end is singular; then all of it is done."""
    if data[UNKNOWNS] > 1 or data[OPEN] or data[CONDITIONS]:
        return 0
    low, high = pointer(data[LOW])[0], pointer(data[HIGH])[0]
    settings, outs, trial = pointer(data[SETTINGS]), pointer(data[OUTS]), pointer(data[TRIAL])
    x, residual, jacobian = pointer(data[X]), pointer(data[RESIDUAL]), pointer(data[JACOBIAN])
    direction, fraction = pointer(data[DIRECTION]), pointer(data[FRACTION])
    fresh, first, last = pointer(data[FRESH]), pointer(data[FIRST]), pointer(data[LAST])
    m, most, marks = data[SLOTS], data[MOST], words_at(data[MARKS])
    one_pass(
        m, count, most, low, high, settings, outs, trial, x, residual, jacobian, direction,
        fraction, fresh, first, last, marks,
    )
    return 1


@device
def judged(data, count):
    """Accept the states that were tried or shorten the steps to them, and aim at the next ones."""
    m, n = data[SLOTS], data[UNKNOWNS]
    x, trial, outs = pointer(data[X]), pointer(data[TRIAL]), pointer(data[OUTS])
    residual, jacobian = pointer(data[RESIDUAL]), pointer(data[JACOBIAN])
    direction, fraction = pointer(data[DIRECTION]), pointer(data[FRACTION])
    fresh, accepted = pointer(data[FRESH]), pointer(data[ACCEPTED])
    after, before, next_step = pointer(data[AFTER]), pointer(data[BEFORE]), pointer(data[NEXT])
    first, last = pointer(data[FIRST]), pointer(data[LAST])
    started(count, fresh, accepted, fraction)
    lengths(n, m, count, outs, after)
    lengths(n, m, count, residual, before)
    refused = compared(count, after, before, fraction, accepted)
    if n > 1 and refused > 0.0:
        newton_step(data, count, jacobian, outs)
        lengths(n, m, count, next_step, after)
        lengths(n, m, count, direction, before)
        compared(count, after, before, fraction, accepted)
    committed(n, m, count, accepted, trial, x)
    committed(n, m, count, accepted, outs, residual)
    committed(n * n, m, count, accepted, offset(outs, n * m), jacobian)
    newton_step(data, count, jacobian, residual)
    committed(n, m, count, accepted, next_step, direction)
    settings, flags, marks = pointer(data[SETTINGS]), pointer(data[FLAGS]), words_at(data[MARKS])
    told(n, m, count, settings, x, residual, direction, accepted, fraction, flags, marks)
    if data[OPEN]:
        ends = pointer(data[ENDS])
        aimed_inside(n, m, count, x, direction, fraction, first, last, ends, trial)
    else:
        aimed(n, m, count, x, direction, fraction, first, last, trial)
    return 0


@device
def started(count, fresh, accepted, fraction):
    """A row's first state is accepted, and a whole step tried from there."""
    apart()
    for s in range(count):
        accepted[s] = fresh[s]
        fraction[s] = where(fresh[s] > 0.0, 1.0, fraction[s])
        fresh[s] = 0.0
    return 0
'''
