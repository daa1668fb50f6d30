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
