"""What every compiled iteration does, whatever its rule: text that numba compiles.

Rows of a batch are worked on in slots, whose arrays lie side by side: entry e of slot s stands at
``e * SLOTS + s``.  `loaded` brings a row into a slot, `closed` hands it back, and `packed` fills
the slots of rows that have left with others, so that all lanes of the equations' kernel are used
until few rows are left.  A row whose next state lies outside of the box that the kernel's averages
were planned for is handed back as LEFT.
"""

__all__ = ["LANES"]

LANES = '''
from math import inf, nan


@inline
def where(condition, yes, no):
    return yes if condition else no


@inline
def isfinite(x):
    return x - x == 0.0


@inline
def scattered_to(into, slot, m, source, row, width):
    """Entries of a row to a slot."""
    into[slot] = source[row * width]
    for e in range(1, width):
        into[e * m + slot] = source[row * width + e]


@inline
def gathered_from(own, slot, m, into, row, width):
    """Entries of a slot to a row."""
    into[row * width] = own[slot]
    for e in range(1, width):
        into[row * width + e] = own[e * m + slot]


@device
def loaded(slot, row, data):
    """Bring a row into a slot: where it stands, and what is given at its point of the batch."""
    m, n = data[SLOTS], data[UNKNOWNS]
    marks, steps = words_at(data[MARKS]), words_at(data[STEPS])
    carried, given = words_at(data[CARRIED]), words_at(data[GIVEN])
    marks[slot], marks[m + slot], marks[2 * m + slot] = row, steps[row], RUNNING
    fresh = steps[row] < 0  # of such a row only where to evaluate is known, carried last
    pointer(data[FRESH])[slot] = 1.0 if fresh else 0.0
    place = words_at(data[ROWS])[row]
    for k in range(data[GIVEN_COUNT]):
        into, source = pointer(given[3 * k]), pointer(given[3 * k + 1])
        scattered_to(into, slot, m, source, place, given[3 * k + 2])
    for k in range(data[CARRIED_COUNT] - 1 if fresh else 0, data[CARRIED_COUNT]):
        into, source = pointer(carried[3 * k]), pointer(carried[3 * k + 1])
        scattered_to(into, slot, m, source, row, carried[3 * k + 2])
    return 0


@device
def closed(slot, data):
    """Hand back where the row of a slot stands; of one that is to go on, all of it."""
    m = data[SLOTS]
    marks, carried = words_at(data[MARKS]), words_at(data[CARRIED])
    row = marks[slot]
    words_at(data[STEPS])[row] = marks[m + slot]
    status = marks[2 * m + slot]
    words_at(data[STATUS])[row] = status
    for k in range(data[CARRIED_COUNT] if status == LEFT else data[TOLD_COUNT]):
        own, into = pointer(carried[3 * k]), pointer(carried[3 * k + 1])
        gathered_from(own, slot, m, into, row, carried[3 * k + 2])
    return 0


@device
def moved_over(table, count, source, slot, m):
    for k in range(count):
        own = pointer(table[3 * k])
        for e in range(table[3 * k + 2]):
            own[e * m + slot] = own[e * m + source]
    return 0


@device
def listed(m, count, marks, done):
    """The slots of rows that are done, in their order, and how many there are."""
    apart()
    found = 0
    for s in range(count):
        done[found] = s
        found += marks[2 * m + s] != RUNNING
    return found


@device
def packed(count, following, data):
    """Hand back the rows that are done; fill their slots with rows that wait, else the last."""
    m = data[SLOTS]
    marks, order, done = words_at(data[MARKS]), words_at(data[ORDER]), words_at(data[DONE])
    found = listed(m, count, marks, done)
    while found > 0:  # the last slots first, so that none that is done moves
        found -= 1
        slot = done[found]
        closed(slot, data)
        if following < data[WAITING]:
            loaded(slot, order[following], data)
            following += 1
            continue
        count -= 1
        if slot < count:
            for e in range(3):
                marks[e * m + slot] = marks[e * m + count]
            pointer(data[FRESH])[slot] = pointer(data[FRESH])[count]
            moved_over(words_at(data[CARRIED]), data[CARRIED_COUNT], count, slot, m)
            moved_over(words_at(data[GIVEN]), data[GIVEN_COUNT], count, slot, m)
    return count, following


@device
def judged_inside(n, m, count, conditions, trial, first, last, held, usable):
    """Which states are finite and inside of the domain."""
    apart()
    for s in range(count):
        usable[s] = 1.0
    for v in range(n):
        for s in range(count):
            x = trial[v * m + s]
            usable[s] = where(x >= first[v * m + s], usable[s], 0.0)
            usable[s] = where(x <= last[v * m + s], usable[s], 0.0)
            usable[s] = where(isfinite(x), usable[s], 0.0)
    for c in range(conditions):
        for s in range(count):
            usable[s] = where(held[c * m + s] >= 0.0, usable[s], 0.0)
    return 0


@device
def spoilt(width, m, count, usable, outs):
    """No value where the equations have no meaning."""
    apart()
    for e in range(width):
        for s in range(count):
            outs[e * m + s] = where(usable[s] > 0.0, outs[e * m + s], nan)
    return 0


@device
def kept_inside(data, count):
    """No value of the equations outside of their domain."""
    m, n = data[SLOTS], data[UNKNOWNS]
    outs, usable = pointer(data[OUTS]), pointer(data[USABLE])
    first, last, trial = pointer(data[FIRST]), pointer(data[LAST]), pointer(data[TRIAL])
    held, width = offset(outs, data[WIDTH] * m), data[WIDTH]
    judged_inside(n, m, count, data[CONDITIONS], trial, first, last, held, usable)
    spoilt(width, m, count, usable, outs)
    return 0


@device
def checked(n, m, count, most, trial, first, last, low, high, left, marks):
    """The rows that have used up their steps, and those whose next state is outside of the box."""
    apart()
    for s in range(count):
        left[s] = 0.0
    for v in range(n):
        for s in range(count):
            x = trial[v * m + s]
            beyond = (x < low[v]) | (x > high[v])
            inside = (x >= first[v * m + s]) & (x <= last[v * m + s])
            left[s] = where(beyond & inside, 1.0, left[s])
    for s in range(count):
        status = marks[2 * m + s]
        status = where((status == RUNNING) & (marks[m + s] >= most), MAX_STEPS, status)
        marks[2 * m + s] = where((status == RUNNING) & (left[s] > 0.0), LEFT, status)
    return 0


@device
def inside_of_box(data, count):
    m, n = data[SLOTS], data[UNKNOWNS]
    trial, first, last = pointer(data[TRIAL]), pointer(data[FIRST]), pointer(data[LAST])
    low, high, left = pointer(data[LOW]), pointer(data[HIGH]), pointer(data[USABLE])
    most, marks = data[MOST], words_at(data[MARKS])
    checked(n, m, count, most, trial, first, last, low, high, left, marks)
    return 0


def iterate(args, dimensions, steps, data):
    """Go round until no row is left."""
    count = following = 0
    order, tally = words_at(data[ORDER]), words_at(data[TALLY])
    while count < data[SLOTS] and following < data[WAITING]:
        loaded(count, order[following], data)
        count += 1
        following += 1
    while count > 0:
        dimensions[0] = count
        called(data[ENTRY], args, dimensions, steps, words_at(data[CALL_DATA]))
        tally[0] += count
        if not judged_alone(data, count):
            kept_inside(data, count)
            judged(data, count)
            inside_of_box(data, count)
        count, following = packed(count, following, data)
'''
