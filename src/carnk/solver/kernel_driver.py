# ruff: noqa: F821, PLR0124
# mypy: ignore-errors
"""The loop that carries patients through the lanes: a template, never imported.

`executors.py` puts it behind the kernels of one model, the first row of every block of the work
buffer (Y, NEW, K0, ...) and the constants LANES, STATES, EVENTS, BENDS, POSITIVE and EFFECTS. The
kernel engine compiles it; the interpreter runs the same text as plain Python.

The work buffer `w` is flat: row r of lane l is w[r * LANES + l]. `job` is a `lanes.Job`,
`seats[lane]` has the fields of `lanes.SEAT`.
"""


@njit(nogil=True, _nrt=False, error_model="numpy")
def put(w, row, lane, values):
    for i in range(values.size):
        w[(row + i) * LANES + lane] = values[i]


@njit(nogil=True, _nrt=False, error_model="numpy")
def crosses(w, lane, job, q, here):
    """Whether an event still to come had its trigger at or below 0 and has it above 0 in `here`."""
    for e in range(EVENTS):
        before, now = w[(WAS + e) * LANES + lane], w[(here + e) * LANES + lane]
        if before <= 0.0 and now > 0.0 and job.event_count[q, e] < job.event_limit[e]:
            return True
    return False


@njit(nogil=True, _nrt=False, error_model="numpy")
def locate(w, lane, job, q):
    """The fraction of the step at which the first event fires.

    Bisection keeps an end at which nothing has fired and one at which something has.
    """
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        w[FRACTION * LANES + lane] = middle
        between(w, 0, 0)
        triggers(w, intp(WITHIN), intp(TRIED))
        if crosses(w, lane, job, q, intp(TRIED)):
            high = middle
        else:
            low = middle
    return high


@njit(nogil=True, _nrt=False, error_model="numpy")
def fire(w, lane, job, q, t):
    """Let every event fire whose trigger has risen, and those that rise by the jumps made."""
    if EVENTS == 0:
        return
    triggers(w, intp(Y), intp(TRIGGER))
    while crosses(w, lane, job, q, intp(TRIGGER)):
        effects(w, 0, 0)
        for e in range(EVENTS):
            before, now = w[(WAS + e) * LANES + lane], w[(TRIGGER + e) * LANES + lane]
            w[(WAS + e) * LANES + lane] = now
            if before <= 0.0 and now > 0.0 and job.event_count[q, e] < job.event_limit[e]:
                if job.event_count[q, e] == 0:
                    job.event_time[q, e] = t
                job.event_count[q, e] += 1
                for n in range(len(EFFECTS)):
                    if EFFECTS[n][0] == e:
                        amount = w[(EFFECT + n) * LANES + lane]
                        w[(Y + EFFECTS[n][1]) * LANES + lane] += amount
        triggers(w, intp(Y), intp(TRIGGER))
    for e in range(EVENTS):
        w[(WAS + e) * LANES + lane] = w[(TRIGGER + e) * LANES + lane]


@njit(nogil=True, _nrt=False, error_model="numpy")
def reach(t):
    """The latest time that cannot be told from t: what is due until then is due now."""
    return t + 4e-16 * abs(t) + 1e-18


@njit(nogil=True, _nrt=False, error_model="numpy")
def restart(w, lane, job, seats):
    """At a dose, an event, the start or the end: jumps, then the outputs due at this instant."""
    seat = seats[lane]
    q, t = seat.patient, seat.t
    fire(w, lane, job, q, t)
    n = seat.dose
    while job.dose_time[q, n] <= reach(t):
        w[(Y + job.dose_state[q, n]) * LANES + lane] += job.dose_amount[q, n]
        n += 1
    if n > seat.dose:
        seat.dose = n
        fire(w, lane, job, q, t)
    for i in range(STATES):
        if POSITIVE[i] and w[(Y + i) * LANES + lane] < 0.0:  # a jump took more than there was
            w[(Y + i) * LANES + lane] = 0.0
    seat.stop = min(job.dose_time[q, n], job.end)
    while job.times[seat.written] <= reach(t):
        for i in range(STATES):
            job.out[q, seat.written, i] = w[(Y + i) * LANES + lane]
        seat.written += 1
    seat.output = job.times[seat.written]
    seat.fresh = True


@njit(nogil=True, _nrt=False, error_model="numpy")
def fill(w, job, seats):
    """Give the empty lanes their next patients; returns how many were seated."""
    seated = 0
    for lane in range(LANES):
        seat = seats[lane]
        if seat.patient >= 0:
            continue
        q = take(job.counter)
        while q < job.parameters.shape[0] and job.status[q]:
            q = take(job.counter)
        if q < job.parameters.shape[0]:
            seat.patient, seat.t = q, job.start
            seat.dose, seat.written, seat.used = 0, 0, 0
            put(w, intp(RAW), lane, job.parameters[q])
            put(w, intp(Y), lane, job.initial[q])
            seated += 1
    if seated == 0:
        return 0
    prologue(w, 0, 0)
    if EVENTS:
        triggers(w, intp(Y), intp(TRIGGER))
    for lane in range(LANES):
        if seats[lane].patient >= 0 and seats[lane].used == 0:
            for e in range(EVENTS):
                w[(WAS + e) * LANES + lane] = w[(TRIGGER + e) * LANES + lane]
            restart(w, lane, job, seats)
    return seated


@njit(nogil=True, _nrt=False, error_model="numpy", inline="always")
def propose(w, job, seats):
    """Choose every lane's next step; returns whether an output falls into one of them."""
    guessed = False
    wanted = False
    for lane in range(LANES):
        seat = seats[lane]
        if seat.patient < 0:
            continue
        if seat.fresh and not guessed:
            clear(w, 0, 0)
            rhs(w, intp(Y), intp(K0))
            guess(w, 0, 0)
            guessed = True
        left = seat.stop - seat.t
        if seat.fresh:
            first = w[GUESS * LANES + lane]
            seat.h = first if first > 0.0 else left
            seat.fresh = seat.rejected = False
        seat.last = seat.h * 1.0001 >= left
        seat.taken = left if seat.last else min(seat.h, 0.5 * left)
        w[IH * LANES + lane] = 1.0 / seat.taken
        wanted |= seat.output <= seat.t + seat.taken
    return wanted


@njit(nogil=True, _nrt=False, error_model="numpy", inline="always")
def judge(w, lane, job, seats):
    """Accept or refuse the lane's step, find where it ends, choose the next length."""
    error, factor_h = w[ERROR * LANES + lane], w[FACTOR * LANES + lane]
    seat = seats[lane]
    seat.used += 1
    seat.due, seat.cut, seat.before = False, 0.0, seat.t
    if not error < 1.0:
        seat.rejected = True
        seat.h = seat.taken * (factor_h if error >= 1.0 else 0.1)
        return
    seat.t = seat.stop if seat.last else seat.t + seat.taken
    seat.due = seat.last
    if EVENTS and crosses(w, lane, job, seat.patient, intp(TRIGGER)):
        seat.cut = locate(w, lane, job, seat.patient)
        seat.t = seat.before + seat.taken * seat.cut
        seat.due = True
    else:
        for e in range(EVENTS):
            w[(WAS + e) * LANES + lane] = w[(TRIGGER + e) * LANES + lane]
    seat.h = seat.taken * min(factor_h, 1.0 if seat.rejected else GROWTH)
    seat.rejected = False


@njit(nogil=True, _nrt=False, error_model="numpy", inline="always")
def write(w, job, seats):
    """Write the outputs within the steps just accepted, one of every lane at a time."""
    while True:
        found = False
        for lane in range(LANES):
            seat = seats[lane]
            if seat.patient >= 0 and seat.output < seat.t:
                w[FRACTION * LANES + lane] = (seat.output - seat.before) / seat.taken
                found = True
        if not found:
            return
        between(w, 0, 0)
        for lane in range(LANES):
            seat = seats[lane]
            if seat.patient >= 0 and seat.output < seat.t:
                for i in range(STATES):
                    job.out[seat.patient, seat.written, i] = w[(WITHIN + i) * LANES + lane]
                seat.written += 1
                seat.output = job.times[seat.written]


@njit(nogil=True, _nrt=False, error_model="numpy", inline="always")
def cut(w, seats):
    """A step with an event in it ends at the event: the states there become NEW."""
    for lane in range(LANES):
        seat = seats[lane]
        if seat.patient >= 0 and seat.cut > 0.0:
            w[FRACTION * LANES + lane] = seat.cut
            between(w, 0, 0)
            for i in range(STATES):
                w[(NEW + i) * LANES + lane] = w[(WITHIN + i) * LANES + lane]


@njit(nogil=True, _nrt=False, error_model="numpy", inline="always")
def leave(w, lane, job, seats):
    """Empty the lane if its patient is done or has failed; returns whether it did."""
    seat = seats[lane]
    q, t = seat.patient, seat.t
    status = 0
    if seat.used >= job.limit:
        status = TOO_MANY
    elif not seat.due and not t + seat.h > reach(t):
        error = w[ERROR * LANES + lane]
        status = TOO_SMALL if error == error else NOT_A_NUMBER
    if status:
        job.status[q], job.failed_at[q] = status, t
        job.out[q, seat.written :] = np.nan
    if status or (seat.due and reach(t) >= job.end):
        job.steps[q] = seat.used
        seat.patient = -1
        return True
    return False


@njit(nogil=True, _nrt=False, error_model="numpy", inline="always")
def locating(w, job, seats):
    """Evaluate the triggers after the step; whether an accepted lane has an event within it."""
    triggers(w, intp(NEW), intp(TRIGGER))
    for lane in range(LANES):
        q = seats[lane].patient
        if q >= 0 and w[ERROR * LANES + lane] < 1.0 and crosses(w, lane, job, q, intp(TRIGGER)):
            return True
    return False


@njit(nogil=True, _nrt=False, cache=True, error_model="numpy")
def solve_patients(job, seats, w):
    """Take patients from the shared counter until none is left."""
    for lane in range(LANES):
        put(w, intp(ATOL), lane, job.atol)
        w[RTOL * LANES + lane], w[IH * LANES + lane] = job.rtol, 1.0
    busy = fill(w, job, seats)
    while busy:
        wanted = propose(w, job, seats)
        step(w)
        if EVENTS:
            wanted |= locating(w, job, seats)
        if wanted:
            dense(w, 0, 0)
        for lane in range(LANES):
            if seats[lane].patient >= 0:
                judge(w, lane, job, seats)
        if wanted:
            write(w, job, seats)
            if EVENTS:
                cut(w, seats)
        accept(w, 0, 0)
        left = 0
        for lane in range(LANES):
            if seats[lane].patient < 0:
                continue
            if seats[lane].due:
                restart(w, lane, job, seats)
            if leave(w, lane, job, seats):
                left += 1
        busy -= left
        if left:
            busy += fill(w, job, seats)
