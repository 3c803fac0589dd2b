# ruff: noqa: F821, PLR0124
# mypy: ignore-errors
"""The loop that carries a patient and its copies through the lanes on one step sequence.

A template, never imported: `gradient.py` puts it behind the kernels of one model. Lane 0 holds the
patient: its error estimate chooses every step, its doses and events every restart. The other lanes
hold copies with slightly other numbers that are carried along, so that the errors of the steps are
the same in all and cancel in a difference. A copy has an event at its own time, found on the dense
output of the same step; from then on its clock is ahead or behind by that much, until a dose or the
end sets all clocks right.

`q[lane]` is the row of the job in a lane, `fired[event]` how often lane 0 had it. `own` holds rows
of one number per lane: CLOCK, and three of `locate_all`.
"""

CLOCK, AT, LAST_AT, LAST_OFF = 0, 1, 2, 3


@njit(nogil=True, _nrt=False, error_model="numpy")
def seat_all(w, job, q, own, fired):
    for lane in range(LANES):
        put(w, intp(ATOL), lane, job.atol)
        put(w, intp(RAW), lane, job.parameters[q[lane]])
        put(w, intp(Y), lane, job.initial[q[lane]])
        w[RTOL * LANES + lane], w[IH * LANES + lane] = job.rtol, 1.0
        own[CLOCK, lane] = job.start
    prologue(w, 0, 0)
    for e in range(EVENTS):
        fired[e] = 0
    if EVENTS:
        triggers(w, intp(Y), intp(TRIGGER))
        keep_triggers(w)


@njit(nogil=True, _nrt=False, error_model="numpy")
def keep_triggers(w):
    """The triggers of lane 0 become those that a crossing is told from."""
    for e in range(EVENTS):
        w[(WAS + e) * LANES] = w[(TRIGGER + e) * LANES]


@njit(nogil=True, _nrt=False, error_model="numpy")
def rises(w, e, job, fired, here):
    """Whether event e is still to come and lane 0 crosses its line between WAS and `here`."""
    before, now = w[(WAS + e) * LANES], w[(here + e) * LANES]
    return before <= 0.0 and now > 0.0 and fired[e] < job.event_limit[e]


@njit(nogil=True, _nrt=False, error_model="numpy")
def first_rising(w, job, fired, here):
    """The first event that rises, or -1."""
    for e in range(EVENTS):
        if rises(w, e, job, fired, here):
            return e
    return -1


@njit(nogil=True, _nrt=False, error_model="numpy")
def look(w, own):
    """States and triggers of every lane at its own fraction of the step: WITHIN and TRIED."""
    for lane in range(LANES):
        w[FRACTION * LANES + lane] = own[AT, lane]
    between(w, 0, 0)
    triggers(w, intp(WITHIN), intp(TRIED))


@njit(nogil=True, _nrt=False, error_model="numpy")
def locate_all(w, job, fired, own):
    """Every lane's fraction of the step at which the first event of lane 0 fires, in own[AT].

    Lane 0 by bisection; a copy by the secant method from there, as its event is close by and may
    lie a little outside of the step.
    """
    low, high = 0.0, 1.0
    for _ in range(50):
        own[AT] = 0.5 * (low + high)
        look(w, own)
        if first_rising(w, job, fired, intp(TRIED)) >= 0:
            high = own[AT, 0]
        else:
            low = own[AT, 0]
    own[AT] = high
    look(w, own)
    row = (TRIED + max(0, first_rising(w, job, fired, intp(TRIED)))) * LANES
    for lane in range(LANES):
        own[LAST_AT, lane], own[LAST_OFF, lane] = high, w[row + lane]
        own[AT, lane] = high - 1e-3
    for _ in range(20):
        look(w, own)
        for lane in range(LANES):
            at, off = own[AT, lane], w[row + lane]
            moved, change = at - own[LAST_AT, lane], off - own[LAST_OFF, lane]
            if abs(moved) < 1e-13 or change == 0.0:
                continue
            own[LAST_AT, lane], own[LAST_OFF, lane] = at, off
            better = at - off * moved / change
            own[AT, lane] = better if abs(better - high) < 0.5 else high
    own[AT, 0] = high


@njit(nogil=True, _nrt=False, error_model="numpy")
def fire_all(w, job, q, own, fired):
    """Let every event fire in all lanes whose trigger has risen in lane 0, until none is left."""
    if EVENTS == 0:
        return
    triggers(w, intp(Y), intp(TRIGGER))
    while first_rising(w, job, fired, intp(TRIGGER)) >= 0:
        effects(w, 0, 0)
        for e in range(EVENTS):
            risen = rises(w, e, job, fired, intp(TRIGGER))
            w[(WAS + e) * LANES] = w[(TRIGGER + e) * LANES]
            if not risen:
                continue
            fired[e] += 1
            for lane in range(LANES):
                if fired[e] == 1:
                    job.event_time[q[lane], e] = own[CLOCK, lane]
                job.event_count[q[lane], e] = fired[e]
                for n in range(len(EFFECTS)):
                    if EFFECTS[n][0] == e:
                        amount = w[(EFFECT + n) * LANES + lane]
                        w[(Y + EFFECTS[n][1]) * LANES + lane] += amount
        triggers(w, intp(Y), intp(TRIGGER))
    keep_triggers(w)


@njit(nogil=True, _nrt=False, error_model="numpy")
def jump_all(w, job, q, own, fired, dose):
    """Events, then the doses due now, and the events they cause; returns how many were given."""
    fire_all(w, job, q, own, fired)
    n = dose
    while job.dose_time[q[0], n] <= reach(own[CLOCK, 0]):
        for lane in range(LANES):
            state = job.dose_state[q[lane], n]
            w[(Y + state) * LANES + lane] += job.dose_amount[q[lane], n]
        n += 1
    if n > dose:
        fire_all(w, job, q, own, fired)
    for i in range(STATES):
        for lane in range(LANES):
            if POSITIVE[i] and w[(Y + i) * LANES + lane] < 0.0:
                w[(Y + i) * LANES + lane] = 0.0
    return n


@njit(nogil=True, _nrt=False, error_model="numpy")
def report_all(w, job, q, written, row):
    """Write one output of every lane from the block of the buffer that begins with a row."""
    for lane in range(LANES):
        for i in range(STATES):
            job.out[q[lane], written, i] = w[(row + i) * LANES + lane]


@njit(nogil=True, _nrt=False, error_model="numpy")
def end_step(w, job, q, own, fired, span, written):
    """Write the outputs within an accepted step and move to its end, or to an event within it.

    span: (length of the step in lane 0, its end, the time at which all clocks are the same or inf).
    Returns (outputs written, whether an event ended the step).
    """
    taken, after, same = span
    cut = False
    if EVENTS:
        triggers(w, intp(NEW), intp(TRIGGER))
        cut = first_rising(w, job, fired, intp(TRIGGER)) >= 0
    if cut:
        locate_all(w, job, fired, own)
        after = own[CLOCK, 0] + taken * own[AT, 0]
    elif EVENTS:
        keep_triggers(w)
    while job.times[written] < after:
        for lane in range(LANES):
            w[FRACTION * LANES + lane] = (job.times[written] - own[CLOCK, lane]) * w[
                IH * LANES + lane
            ]
        between(w, 0, 0)
        report_all(w, job, q, written, WITHIN)
        written += 1
    if cut:
        look(w, own)
    source = WITHIN if cut else NEW
    for lane in range(LANES):
        part = own[AT, lane] if cut else 1.0
        own[CLOCK, lane] += part / w[IH * LANES + lane]
        if same < np.inf and not cut:
            own[CLOCK, lane] = same
        for i in range(STATES):
            w[(Y + i) * LANES + lane] = w[(source + i) * LANES + lane]
    own[CLOCK, 0] = after
    return written, cut


@njit(nogil=True, _nrt=False, error_model="numpy")
def solve_block(job, q, own, fired, w):
    """Integrate the patient of lane 0 and the copies beside it; returns (status, steps tried)."""
    seat_all(w, job, q, own, fired)
    dose, written, used = 0, 0, 0
    h, stop = 0.0, job.start
    due, rejected = True, False
    while used < job.limit:
        t = own[CLOCK, 0]
        if due:
            dose = jump_all(w, job, q, own, fired, dose)
            while job.times[written] <= reach(t):
                report_all(w, job, q, written, Y)
                written += 1
            if reach(t) >= job.end:
                return 0, used
            stop = min(job.dose_time[q[0], dose], job.end)
            clear(w, 0, 0)
            rhs(w, intp(Y), intp(K0))
            guess(w, 0, 0)
            h = w[GUESS * LANES] if w[GUESS * LANES] > 0.0 else stop - t
            due = rejected = False
        left = stop - t
        last = h * 1.0001 >= left
        taken = left if last else min(h, 0.5 * left)
        for lane in range(LANES):
            w[IH * LANES + lane] = 1.0 / (stop - own[CLOCK, lane] if last else taken)
        step(w)
        used += 1
        error, factor_h = w[ERROR * LANES], w[FACTOR * LANES]
        if error < 1.0:
            span = (taken, stop, stop) if last else (taken, t + taken, np.inf)
            written, cut = end_step(w, job, q, own, fired, span, written)
            due = last or cut
            h = taken * min(factor_h, 1.0 if rejected else GROWTH)
            rejected = False
        else:
            rejected = True
            h = taken * (factor_h if error >= 1.0 else 0.1)
        if not due and not own[CLOCK, 0] + h > reach(own[CLOCK, 0]):
            return (TOO_SMALL if error == error else NOT_A_NUMBER), used
    return TOO_MANY, used


@njit(nogil=True, _nrt=False, cache=True, error_model="numpy")
def solve_blocks(job, rows, own, fired, w):
    """Take blocks of rows (patient first, copies after it) until none is left."""
    block = take(job.counter)
    while block < rows.shape[0]:
        q = rows[block]
        status = job.status[q[0]]
        if status == 0:
            status, used = solve_block(job, q, own, fired, w)
            job.steps[q[0]] = used
        if status:
            job.status[q[0]], job.failed_at[q[0]] = status, own[CLOCK, 0]
            for lane in range(LANES):
                job.out[q[lane]] = np.nan
        block = take(job.counter)
