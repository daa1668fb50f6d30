"""What the compiled integrator does whatever the method: text that numba compiles.

`asked` gets slopes from the right-hand side, `loaded` and `closed` bring trajectories into lanes
and their ends back, `begun` chooses first steps as in Hairer, Norsett and Wanner, Solving Ordinary
Differential Equations I, section II.4, and `flow` goes round until no trajectory is left.
"""

__all__ = ["DRIVER"]

DRIVER = '''
IDLE, FRESH, RUNNING, FAILED = 0, 1, 2, 3
COMPLETED, STEP_UNDERFLOW, NOT_FINITE, LEFT_DOMAIN, TOO_MANY = 0, 1, 2, 3, 4
POSITIVE, NEGATIVE, NONNEGATIVE = 0, 1, 2
UNIT, TINIEST = 2.0**-52, 5e-324
SAFETY, LEAST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 10.0


@device
def copied(length, source, target):
    apart()
    for e in range(length):
        target[e] = source[e]


@device
def timed(data, fraction):
    """The times at which the slopes of a stage are asked for."""
    clock, t, step = pointer(data[CLOCK]), pointer(data[T]), pointer(data[STEP])
    for lane in range(data[LANES]):
        clock[lane] = t[lane] + fraction * step[lane]


@device
def is_allowed(value, kind):
    if kind == POSITIVE:
        return value > 0.0
    if kind == NEGATIVE:
        return value < 0.0
    if kind == NONNEGATIVE:
        return value >= 0.0
    return value <= 0.0


@device
def asked(args, dimensions, steps, data, into):
    """The slopes of all lanes at the states in TRIAL; nan outside of the domain."""
    n, full_size, outs_size = data[COUNT], data[FULL], data[OUTS]
    trial, full, outs = pointer(data[TRIAL]), pointer(data[FULL_AT]), pointer(data[OUTS_AT])
    source, place = words_at(data[SPREAD_FROM]), words_at(data[GATHER_FROM])
    for lane in range(data[LANES]):
        for e in range(full_size):
            if source[e] >= 0:
                full[lane * full_size + e] = trial[lane * n + source[e]]
    called(data[ENTRY], args, dimensions, steps, words_at(data[CALL_DATA]))
    for lane in range(data[LANES]):
        for v in range(n):
            into[lane * n + v] = outs[lane * outs_size + place[v]]
    limited, outside = words_at(data[LIMITED]), pointer(data[OUTSIDE])
    for lane in range(data[LANES]):
        for k in range(data[LIMITS]):
            if not is_allowed(trial[lane * n + limited[2 * k]], limited[2 * k + 1]):
                outside[lane] = 1.0
                into[lane * n] = np.nan
    return 0


@device
def loaded(lane, following, data):
    """Bring the next trajectory into a lane; where there is none it idles."""
    n, p, lanes, count = data[COUNT], data[PARAMETERS], data[LANES], data[TIMES_COUNT]
    marks = words_at(data[LANE_MARKS])
    row = min(following, data[POINTS] - 1)
    y, starts, saved = pointer(data[Y]), pointer(data[STARTS]), pointer(data[SAVED])
    own, given = pointer(data[OWN]), pointer(data[GIVEN])
    for e in range(p):
        own[lane * p + e] = given[row * p + e]
    for v in range(n):
        y[lane * n + v] = starts[row * n + v]
    pointer(data[T])[lane] = pointer(data[TIMES])[0]
    pointer(data[STEP])[lane] = 0.0
    pointer(data[OUTSIDE])[lane] = 0.0
    marks[ROW * lanes + lane] = row
    marks[NEXT * lanes + lane] = 1
    marks[STEPS * lanes + lane] = 0
    marks[ASKED * lanes + lane] = 0
    marks[REJECTED * lanes + lane] = 0
    marks[REFUSED * lanes + lane] = 0
    if following >= data[POINTS]:
        marks[STATE * lanes + lane] = IDLE
        return following
    marks[STATE * lanes + lane] = FRESH
    for v in range(n):
        saved[row * count * n + v] = starts[row * n + v]
    return following + 1


@device
def closed(lane, ending, data):
    """Hand back how the trajectory of a lane ended, and its last good point."""
    n, lanes = data[COUNT], data[LANES]
    marks, tally = words_at(data[LANE_MARKS]), words_at(data[TALLY])
    row = marks[ROW * lanes + lane]
    tally[3 * row] = ending
    tally[3 * row + 1] = marks[ASKED * lanes + lane]
    tally[3 * row + 2] = marks[STEPS * lanes + lane]
    pointer(data[LAST_TIMES])[row] = pointer(data[T])[lane]
    y, last = pointer(data[Y]), pointer(data[LAST_STATES])
    for v in range(n):
        last[row * n + v] = y[lane * n + v]
    return 0


@device
def reason(lane, data):
    refused = words_at(data[LANE_MARKS])[REFUSED * data[LANES] + lane]
    if refused >= 2:
        return LEFT_DOMAIN
    return NOT_FINITE if refused else STEP_UNDERFLOW


@device
def size(lane, n, tolerated, y, vector, minus, factor):
    """The root mean square of a lane's (vector - factor * minus) over what is tolerated."""
    total = 0.0
    for e in range(lane * n, lane * n + n):
        part = (vector[e] - factor * minus[e]) / (tolerated[0] + tolerated[1] * abs(y[e]))
        total = total + part * part
    return np.sqrt(total / n)


@device
def begun(args, dimensions, steps, data):
    """The first slopes and step sizes of lanes with a new trajectory."""
    n, lanes, length = data[COUNT], data[LANES], data[LENGTH]
    marks, tolerated = words_at(data[LANE_MARKS]), pointer(data[SETTINGS])
    y, trial, slopes = pointer(data[Y]), pointer(data[TRIAL]), pointer(data[SLOPES])
    scratch, t, after = pointer(data[SCRATCH]), pointer(data[T]), pointer(data[AFTER])
    clock, step, times = pointer(data[CLOCK]), pointer(data[STEP]), pointer(data[TIMES])
    reach = times[data[TIMES_COUNT] - 1] - times[0]
    copied(length, y, trial)
    timed(data, 0.0)
    asked(args, dimensions, steps, data, scratch)
    for lane in range(lanes):
        if marks[STATE * lanes + lane] != FRESH:
            continue
        for e in range(lane * n, lane * n + n):
            slopes[e] = scratch[e]
            if not np.isfinite(scratch[e]):
                marks[STATE * lanes + lane] = FAILED
        if marks[STATE * lanes + lane] == FAILED:
            marks[REFUSED * lanes + lane] = 2 if pointer(data[OUTSIDE])[lane] else 1
            continue
        far = size(lane, n, tolerated, y, y, y, 0.0)
        fast = size(lane, n, tolerated, y, slopes, slopes, 0.0)
        first = 1e-6 if far < 1e-5 or fast < 1e-5 else 0.01 * far / fast
        after[lane] = min(first, reach)
        clock[lane] = t[lane] + after[lane]
        for e in range(lane * n, lane * n + n):
            trial[e] = y[e] + after[lane] * slopes[e]
    asked(args, dimensions, steps, data, scratch)
    for lane in range(lanes):
        if marks[STATE * lanes + lane] != FRESH:
            continue
        first = after[lane]
        fast = size(lane, n, tolerated, y, slopes, slopes, 0.0)
        bent = size(lane, n, tolerated, y, scratch, slopes, 1.0) / first
        larger = bent if bent > fast else fast
        second = (0.01 / larger) ** FIRST_EXPONENT
        if fast <= 1e-15 and bent <= 1e-15:
            second = max(1e-6, first * 1e-3)
        step[lane] = min(min(100.0 * first, second), reach)
        marks[STATE * lanes + lane] = RUNNING
        marks[ASKED * lanes + lane] = 2
    return 0


@device
def aimed(data):
    """Where the next steps end; lanes whose step is below the resolution of time have failed."""
    n, lanes = data[COUNT], data[LANES]
    marks, times = words_at(data[LANE_MARKS]), pointer(data[TIMES])
    h, t = pointer(data[H]), pointer(data[T])
    step, after = pointer(data[STEP]), pointer(data[AFTER])
    end, failed = times[data[TIMES_COUNT] - 1], 0
    for lane in range(lanes):
        after[lane] = t[lane]
        pointer(data[OUTSIDE])[lane] = 0.0
        if marks[STATE * lanes + lane] == RUNNING:
            least = 10.0 * max(UNIT * abs(t[lane]), TINIEST)
            if marks[REJECTED * lanes + lane] and step[lane] < least:
                marks[STATE * lanes + lane] = FAILED
                failed = 1
            after[lane] = min(t[lane] + max(step[lane], least), end)
        step[lane] = after[lane] - t[lane]
        for e in range(lane * n, lane * n + n):
            h[e] = step[lane]
    return failed


@device
def error_of(lane, data):
    """The estimated error of a lane's step in units of what is tolerated."""
    n = data[COUNT]
    squares, more = pointer(data[SQUARES]), pointer(data[MORE_SQUARES])
    first = second = 0.0
    for e in range(lane * n, lane * n + n):
        first = first + squares[e]
        if TWO_ERRORS:
            second = second + more[e]
    step = pointer(data[STEP])[lane]
    if not TWO_ERRORS:
        return step * np.sqrt(first / n)
    if first == 0.0 and second == 0.0:
        return 0.0
    return step * first / np.sqrt((first + 0.01 * second) * n)


@device
def judged(lane, data):
    """Whether a lane's step is accepted; the size of its next one."""
    lanes = data[LANES]
    marks, step = words_at(data[LANE_MARKS]), pointer(data[STEP])
    marks[ASKED * lanes + lane] += STAGES
    error = error_of(lane, data)
    factor = LARGEST_FACTOR if error == 0.0 else SAFETY * error**EXPONENT
    if error < 1.0:
        largest = 1.0 if marks[REJECTED * lanes + lane] else LARGEST_FACTOR
        return 1, step[lane] * min(factor, largest)
    if error != error:
        refused = 2 if pointer(data[OUTSIDE])[lane] else 1
        marks[REFUSED * lanes + lane] = max(marks[REFUSED * lanes + lane], refused)
    marks[REJECTED * lanes + lane] = 1
    return 0, step[lane] * (factor if factor > LEAST_FACTOR else LEAST_FACTOR)


@device
def interpolated(lane, data):
    """Values at the times that a lane's step went over."""
    n, lanes, length, count = data[COUNT], data[LANES], data[LENGTH], data[TIMES_COUNT]
    marks, times, saved = words_at(data[LANE_MARKS]), pointer(data[TIMES]), pointer(data[SAVED])
    y, slopes, weights = pointer(data[Y]), pointer(data[SLOPES]), pointer(data[WEIGHTS])
    t, after = pointer(data[T])[lane], pointer(data[AFTER])[lane]
    row, following = marks[ROW * lanes + lane], marks[NEXT * lanes + lane]
    own = stack(SLOPES_COUNT)
    while following < count and times[following] <= after:
        x = (times[following] - t) / (after - t)
        for k in range(SLOPES_COUNT):
            own[k] = 0.0
        term = 1.0
        for j in range(TERMS):
            term = term * (1.0 - x if MIRRORED and j % 2 == 1 else x)
            for k in range(SLOPES_COUNT):
                own[k] = own[k] + term * weights[j * SLOPES_COUNT + k]
        for v in range(n):
            total = 0.0
            for k in range(SLOPES_COUNT):
                total = total + own[k] * slopes[k * length + lane * n + v]
            saved[(row * count + following) * n + v] = y[lane * n + v] + (after - t) * total
        following += 1
    marks[NEXT * lanes + lane] = following
    return 0


@device
def advanced(lane, data):
    """Put a lane to the end of its step; how its trajectory ended, or -1."""
    n, lanes, length, count = data[COUNT], data[LANES], data[LENGTH], data[TIMES_COUNT]
    marks = words_at(data[LANE_MARKS])
    y, new, slopes = pointer(data[Y]), pointer(data[NEW]), pointer(data[SLOPES])
    for e in range(lane * n, lane * n + n):
        y[e] = new[e]
        slopes[e] = slopes[STAGES * length + e]
    pointer(data[T])[lane] = pointer(data[AFTER])[lane]
    marks[REJECTED * lanes + lane] = 0
    marks[REFUSED * lanes + lane] = 0
    marks[STEPS * lanes + lane] += 1
    if marks[NEXT * lanes + lane] == count:
        return COMPLETED
    return TOO_MANY if marks[STEPS * lanes + lane] >= data[MAX_STEPS] else -1


@device
def replaced(following, data):
    """Give lanes that have failed the next trajectories."""
    lanes = data[LANES]
    marks = words_at(data[LANE_MARKS])
    for lane in range(lanes):
        if marks[STATE * lanes + lane] == FAILED:
            closed(lane, reason(lane, data), data)
            following = loaded(lane, following, data)
    return following


@device
def settled(args, dimensions, steps, data, following):
    """Judge the steps of all lanes, save what they went over, and go on."""
    lanes = data[LANES]
    marks, times = words_at(data[LANE_MARKS]), pointer(data[TIMES])
    after, step = pointer(data[AFTER]), pointer(data[STEP])
    t, later = pointer(data[T]), pointer(data[LATER])
    passed = 0
    for lane in range(lanes):
        if marks[STATE * lanes + lane] == RUNNING:
            accepted, later[lane] = judged(lane, data)
            if not accepted:
                after[lane] = t[lane]
            elif times[marks[NEXT * lanes + lane]] <= after[lane]:
                marks[ASKED * lanes + lane] += EXTRA
                passed = 1
    if passed and EXTRA:
        extended(args, dimensions, steps, data)
    for lane in range(lanes):
        if marks[STATE * lanes + lane] != RUNNING:
            continue
        step[lane] = later[lane]
        if after[lane] > t[lane]:
            interpolated(lane, data)
            ending = advanced(lane, data)
            if ending >= 0:
                closed(lane, ending, data)
                following = loaded(lane, following, data)
    return following


def flow(args, dimensions, steps, data):
    lanes = data[LANES]
    marks = words_at(data[LANE_MARKS])
    following = 0
    for lane in range(lanes):
        following = loaded(lane, following, data)
    while True:
        fresh = running = 0
        for lane in range(lanes):
            fresh += marks[STATE * lanes + lane] == FRESH
            running += marks[STATE * lanes + lane] == RUNNING
        if fresh:
            begun(args, dimensions, steps, data)
            following = replaced(following, data)
        elif not running:
            break
        elif aimed(data):
            following = replaced(following, data)
        else:
            stepped(args, dimensions, steps, data)
            following = settled(args, dimensions, steps, data, following)
'''
