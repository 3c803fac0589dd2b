# ruff: noqa: F821, PLR0124
# mypy: ignore-errors
"""The loop that carries patients through the lanes: a template, never imported.

`executors.py` puts it behind the kernels of one model, the first row of every block of the work
buffer (Y, NEW, K0, ...) and the constants LANES, STATES, EVENTS, POSITIVE and EFFECTS. The
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
    q, t = seat.patient, w[T * LANES + lane]
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
    for e in range(EVENTS):
        still = job.event_count[q, e] < job.event_limit[e]
        w[(ARMED + e) * LANES + lane] = 1.0 if still else 0.0
    w[STOP * LANES + lane] = min(job.dose_time[q, n], job.end)
    while job.times[seat.written] <= reach(t):
        for i in range(STATES):
            job.out[q, seat.written, i] = w[(Y + i) * LANES + lane]
        seat.written += 1
    w[OUTPUT * LANES + lane] = job.times[seat.written]
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
            seat.patient, seat.dose, seat.written = q, 0, 0
            w[T * LANES + lane], w[USED * LANES + lane], w[BUSY * LANES + lane] = (
                job.start,
                0.0,
                1.0,
            )
            put(w, intp(RAW), lane, job.parameters[q])
            put(w, intp(Y), lane, job.initial[q])
            seated += 1
    if seated == 0:
        return 0
    prologue(w, 0, 0)
    if EVENTS:
        triggers(w, intp(Y), intp(TRIGGER))
    for lane in range(LANES):
        if seats[lane].patient >= 0 and w[USED * LANES + lane] == 0.0:
            for e in range(EVENTS):
                w[(WAS + e) * LANES + lane] = w[(TRIGGER + e) * LANES + lane]
            restart(w, lane, job, seats)
    return seated


@njit(nogil=True, _nrt=False, error_model="numpy")
def begin(w, seats):
    """Guess the first step of the lanes that have just started or restarted."""
    clear(w, 0, 0)
    rhs(w, intp(Y), intp(K0))
    guess(w, 0, 0)
    for lane in range(LANES):
        if seats[lane].patient >= 0 and seats[lane].fresh:
            first = w[GUESS * LANES + lane]
            left = w[STOP * LANES + lane] - w[T * LANES + lane]
            w[H * LANES + lane] = first if first > 0.0 else left
            w[REJECTED * LANES + lane] = 0.0
            seats[lane].fresh = False


@njit(nogil=True, _nrt=False, error_model="numpy", inline="always")
def some(w, row):
    """Whether any lane says yes."""
    found = 0.0
    for lane in range(LANES):
        found += w[row * LANES + lane]
    return found > 0.0


@njit(nogil=True, _nrt=False, error_model="numpy")
def cross(w, job, seats):
    """Move the lanes with an event in the step just accepted to the event."""
    for lane in range(LANES):
        if w[CROSSED * LANES + lane] > 0.0:
            part = locate(w, lane, job, seats[lane].patient)
            begun = w[BEFORE * LANES + lane]
            w[T * LANES + lane] = begun + w[TAKEN * LANES + lane] * part
            w[CROSSED * LANES + lane] = part


@njit(nogil=True, _nrt=False, error_model="numpy")
def write(w, job, seats):
    """Write the outputs within the steps just accepted, one of every lane at a time."""
    while True:
        found = False
        for lane in range(LANES):
            output = w[OUTPUT * LANES + lane]
            if w[BUSY * LANES + lane] > 0.0 and output < w[T * LANES + lane]:
                begun, taken = w[BEFORE * LANES + lane], w[TAKEN * LANES + lane]
                w[FRACTION * LANES + lane] = (output - begun) / taken
                found = True
        if not found:
            return
        between(w, 0, 0)
        for lane in range(LANES):
            if w[BUSY * LANES + lane] > 0.0 and w[OUTPUT * LANES + lane] < w[T * LANES + lane]:
                seat = seats[lane]
                for i in range(STATES):
                    job.out[seat.patient, seat.written, i] = w[(WITHIN + i) * LANES + lane]
                seat.written += 1
                w[OUTPUT * LANES + lane] = job.times[seat.written]


@njit(nogil=True, _nrt=False, error_model="numpy")
def cut(w):
    """A step with an event in it ends at the event: the states there become NEW."""
    for lane in range(LANES):
        if w[CROSSED * LANES + lane] > 0.0:
            w[FRACTION * LANES + lane] = w[CROSSED * LANES + lane]
            between(w, 0, 0)
            for i in range(STATES):
                w[(NEW + i) * LANES + lane] = w[(WITHIN + i) * LANES + lane]


@njit(nogil=True, _nrt=False, error_model="numpy")
def leave(w, lane, job, seats, due):
    """Empty the lane if its patient is done or has failed; returns whether it did."""
    seat = seats[lane]
    q, t = seat.patient, w[T * LANES + lane]
    status = 0
    if w[USED * LANES + lane] >= job.limit:
        status = TOO_MANY
    elif not due:
        error = w[ERROR * LANES + lane]
        status = TOO_SMALL if error == error else NOT_A_NUMBER
    if status:
        job.status[q], job.failed_at[q] = status, t
        job.out[q, seat.written :] = np.nan
    if status or reach(t) >= job.end:
        job.steps[q] = int(w[USED * LANES + lane])
        seat.patient = -1
        idle(w, lane)
        return True
    return False


@njit(nogil=True, _nrt=False, error_model="numpy")
def idle(w, lane):
    """Nobody is in the lane: it steps along, asks for nothing and is never looked at."""
    w[BUSY * LANES + lane], w[T * LANES + lane], w[H * LANES + lane] = 0.0, 0.0, 1.0
    w[STOP * LANES + lane] = w[OUTPUT * LANES + lane] = np.inf


@njit(nogil=True, _nrt=False, error_model="numpy")
def change(w, job, seats):
    """Restart the lanes that reached a stop, empty those that are done; returns how many left."""
    left = 0
    for lane in range(LANES):
        if not w[LOOK * LANES + lane] > 0.0:
            continue
        accepted = w[REJECTED * LANES + lane] == 0.0
        cut = w[CROSSED * LANES + lane] > 0.0
        due = cut or (accepted and w[LAST * LANES + lane] > 0.0)
        if due:
            restart(w, lane, job, seats)
        if leave(w, lane, job, seats, due):
            left += 1
    return left


@njit(nogil=True, _nrt=False, cache=True, error_model="numpy")
def solve_patients(job, seats, w):
    """Take patients from the shared counter until none is left."""
    for lane in range(LANES):
        put(w, intp(ATOL), lane, job.atol)
        w[RTOL * LANES + lane], w[IH * LANES + lane] = job.rtol, 1.0
        w[LIMIT * LANES + lane] = job.limit - 0.5
        idle(w, lane)
    busy = fill(w, job, seats)
    if busy:
        begin(w, seats)
    while busy:
        propose(w, 0, 0)
        step(w)
        if EVENTS:
            triggers(w, intp(NEW), intp(TRIGGER))
        judge(w, 0, 0)
        crossed = EVENTS > 0 and some(w, intp(CROSSED))
        if crossed or some(w, intp(WANTED)):
            if crossed:
                cross(w, job, seats)
            write(w, job, seats)
            if crossed:
                cut(w)
        accept(w, 0, 0)
        if some(w, intp(LOOK)):
            left = change(w, job, seats)
            busy -= left
            if left:
                busy += fill(w, job, seats)
            if busy:
                begin(w, seats)
