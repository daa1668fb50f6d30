"""The damped fixed point in lanes, by the rules that its step on arrays follows: text for numba."""

__all__ = ["FIXED_POINT"]

FIXED_POINT = '''
@device
def changed(n, m, count, runaway, x, new, direction, change, far, left, size):
    """The change of every row, its relative size, and what is left of it and the last one."""
    apart()
    for s in range(count):
        size[s] = left[s] = far[s] = 0.0
    for v in range(n):
        for s in range(count):
            k = v * m + s
            change[k] = new[k] - x[k]
            size[s] = maximum(size[s], relative(change[k], x[k]))
            far[s] = where(abs(x[k]) > runaway, 1.0, far[s])
            left[s] = maximum(left[s], abs(change[k] + direction[k]))
    return 0


@device
def told(m, count, tol, sizes, far, left, size, marks):
    """The status of every row; the sizes of its last changes, the newest first."""
    apart()
    for s in range(count):
        cycle = is_steady(size[s], sizes[s]) & is_undone(left[s], size[s], tol)
        status = fixed_point_status(size[s], far[s] > 0.0, tol)
        marks[2 * m + s] = where((status == RUNNING) & cycle, CYCLE, status)
        marks[m + s] += 1
        for k in range(3):
            sizes[(3 - k) * m + s] = sizes[(2 - k) * m + s]
        sizes[s] = size[s]
    return 0


@device
def advanced(n, m, count, damping, change, direction, residual, new, marks, x, trial):
    """Take the update, or a part of it; a state without one stays."""
    apart()
    for v in range(n):
        for s in range(count):
            k = v * m + s
            there = where(damping == 1.0, new[k], x[k] + damping * change[k])
            x[k] = where(marks[2 * m + s] == NOT_FINITE, x[k], there)
            trial[k] = x[k]
            direction[k] = residual[k] = change[k]
    return 0


@device
def started(n, m, count, fresh, trial, direction, sizes, fraction, damping, x):
    """A row that comes in has made no change yet."""
    apart()
    for s in range(count):
        for k in range(4):
            sizes[k * m + s] = where(fresh[s] > 0.0, nan, sizes[k * m + s])
        fraction[s] = damping
    for v in range(n):
        for s in range(count):
            k = v * m + s
            x[k] = where(fresh[s] > 0.0, trial[k], x[k])
            direction[k] = where(fresh[s] > 0.0, inf, direction[k])
    for s in range(count):
        fresh[s] = 0.0
    return 0


@device
def one_pass(
    m, count, most, low, high, settings, outs, trial, x, residual, direction, sizes, fraction,
    fresh, first, last, marks,
):
    """All that is above, for one unknown: each number is read and written once."""
    apart()
    tol, damping, runaway = settings[0], settings[1], settings[2]
    for s in range(count):
        there, start = trial[s], fresh[s] > 0.0
        inside = (there >= first[s]) & (there <= last[s]) & isfinite(there)
        new = where(inside, outs[s], nan)
        change, before = new - there, where(start, inf, direction[s])
        size = relative(change, there)
        one, two, three = sizes[s], sizes[m + s], sizes[2 * m + s]
        one = where(start, nan, one)
        two, three = where(start, nan, two), where(start, nan, three)
        cycle = is_steady(size, one) & is_undone(abs(change + before), size, tol)
        status = fixed_point_status(size, abs(there) > runaway, tol)
        status = where((status == RUNNING) & cycle, CYCLE, status)
        following = where(damping == 1.0, new, there + damping * change)
        following = where(status == NOT_FINITE, there, following)
        inside = (following >= first[s]) & (following <= last[s])
        done = marks[m + s] + 1
        status = where((status == RUNNING) & (done >= most), MAX_STEPS, status)
        beyond = ((following < low) | (following > high)) & inside
        marks[2 * m + s] = where((status == RUNNING) & beyond, LEFT, status)
        marks[m + s] = done
        x[s], trial[s], residual[s], direction[s] = following, following, change, change
        sizes[s], sizes[m + s], sizes[2 * m + s], sizes[3 * m + s] = size, one, two, three
        fraction[s], fresh[s] = damping, 0.0
    return 0


@device
def judged_alone(data, count):
    """Whether there is one unknown; then all of it is done."""
    if data[UNKNOWNS] > 1 or data[CONDITIONS]:
        return 0
    low, high = pointer(data[LOW])[0], pointer(data[HIGH])[0]
    settings, outs, trial = pointer(data[SETTINGS]), pointer(data[OUTS]), pointer(data[TRIAL])
    x, residual, direction = pointer(data[X]), pointer(data[RESIDUAL]), pointer(data[DIRECTION])
    sizes, fraction, fresh = pointer(data[SIZES]), pointer(data[FRACTION]), pointer(data[FRESH])
    first, last, marks = pointer(data[FIRST]), pointer(data[LAST]), words_at(data[MARKS])
    m, most = data[SLOTS], data[MOST]
    one_pass(
        m, count, most, low, high, settings, outs, trial, x, residual, direction, sizes, fraction,
        fresh, first, last, marks,
    )
    return 1


@device
def judged(data, count):
    """One damped update of every row."""
    m, n = data[SLOTS], data[UNKNOWNS]
    settings, marks = pointer(data[SETTINGS]), words_at(data[MARKS])
    tol, damping, runaway = settings[0], settings[1], settings[2]
    x, trial, new = pointer(data[X]), pointer(data[TRIAL]), pointer(data[OUTS])
    residual, direction = pointer(data[RESIDUAL]), pointer(data[DIRECTION])
    sizes, fraction, fresh = pointer(data[SIZES]), pointer(data[FRACTION]), pointer(data[FRESH])
    change, size = pointer(data[NEXT]), pointer(data[AFTER])
    far, left = pointer(data[ACCEPTED]), pointer(data[BEFORE])
    started(n, m, count, fresh, trial, direction, sizes, fraction, damping, x)
    changed(n, m, count, runaway, x, new, direction, change, far, left, size)
    told(m, count, tol, sizes, far, left, size, marks)
    advanced(n, m, count, damping, change, direction, residual, new, marks, x, trial)
    return 0
'''
