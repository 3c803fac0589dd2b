# mypy: ignore-errors
"""From tapes to machine code: SIMD instructions written through numba's LLVM.

Every line of a tape becomes one vector instruction over the lanes, so speed does not hang on the
compiler's loop vectorizer, and a lane's bits depend on nothing but that lane. Fusing is written
out, exp and log are our own: every processor gives the same bytes. Where a processor has no fused
multiply-add (`has_fused_multiply()` is false) LLVM calls the C library for it: the same bytes, but
about twenty times slower.

This file knows numba and llvmlite; it is imported only for `engine="kernel"`.
"""

from __future__ import annotations

import platform
from math import factorial

import llvmlite
import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

F64, I64 = ir.DoubleType(), ir.IntType(64)
LN2 = 0.6931471805599453
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
LOG2_E = 1.4426950408889634
MAGIC = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer held in the low bits
MAGIC_BITS = 0x4338000000000000  # the bits of MAGIC
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
RECIPROCAL_BITS = 0x7FDE623822FC16E6  # minus the bits of a: the bits of 1/a within 12 %
EXP_LIMITS = (-746.0, 710.0)  # beyond them exp is 0 or infinite
TINY = 2.2250738585072014e-308  # the smallest normal double
# log(1+f) after s = f/(2+f): coefficients of FreeBSD's msun e_log.c
LOG = (
    0.6666666666666735130,
    0.3999999999940941908,
    0.2857142874366239149,
    0.2222219843214978396,
    0.1818357216161805012,
    0.1531383769920937332,
    0.1479819860511658591,
)
# (exp(r) - 1 - r) / r**2
EXP = tuple(1 / factorial(n) for n in range(2, 14))


class Emitter:
    """Writes one tape as LLVM instructions on vectors of `lanes` doubles."""

    def __init__(self, builder, base, frames, lanes):
        self.b, self.base, self.frames, self.lanes = builder, base, frames, lanes
        self.vec, self.ints = ir.VectorType(F64, lanes), ir.VectorType(I64, lanes)
        self.fused = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(self.vec, [self.vec] * 3),
            f"llvm.fma.v{lanes}f64",
        )

    def k(self, x):
        return ir.Constant(self.vec, [float(x)] * self.lanes)

    def ki(self, x):
        return ir.Constant(self.ints, [x] * self.lanes)

    def add(self, a, b):
        return self.b.fadd(a, b)

    def sub(self, a, b):
        return self.b.fsub(a, b)

    def mul(self, a, b):
        return self.b.fmul(a, b)

    def neg(self, a):
        return self.b.fneg(a)

    def inv(self, a):
        return self.b.fdiv(self.k(1), a)

    def fma(self, a, b, c):
        return self.b.call(self.fused, (a, b, c))

    def fms(self, a, b, c):
        return self.fma(a, b, self.neg(c))

    def fnma(self, a, b, c):
        return self.fma(self.neg(a), b, c)

    def bits(self, a):
        return self.b.bitcast(a, self.ints)

    def double(self, a):
        return self.b.bitcast(a, self.vec)

    def above(self, a, b):
        return self.b.fcmp_ordered(">", a, b)

    def max(self, a, b):
        """a if a > b else b: what is not a number in b survives, in a it does not."""
        return self.b.select(self.above(a, b), a, b)

    def where(self, condition, a, b):
        return self.b.select(self.above(condition, self.k(0)), a, b)

    def polynomial(self, x, coefficients):
        """Estrin's scheme: pairs first, so that the chain of dependent instructions is short."""
        terms = [self.k(c) for c in coefficients]
        while len(terms) > 1:
            pairs = zip(terms[::2], terms[1::2])
            terms = [self.fma(b, x, a) for a, b in pairs] + terms[len(terms) & ~1 :]
            x = self.mul(x, x)
        return terms[0]

    def refine(self, a, x):
        """A better 1/a from a rough one x: the error is cubed."""
        e = self.fnma(a, x, self.k(1))
        return self.fma(x, self.fma(e, e, e), x)

    def rough(self, a):
        """1/a within 0.5 %: exponent trick and one cubic Newton step."""
        x = self.double(self.b.sub(self.ki(RECIPROCAL_BITS), self.bits(a)))
        return self.refine(a, x)

    def log(self, x):
        """Within 1 unit in the last place of the C library's; 1/(2+f) without a division."""
        small = self.b.fcmp_ordered("<", x, self.k(TINY))
        i = self.bits(self.b.select(small, self.mul(x, self.k(2.0**54)), x))
        n = self.b.ashr(self.b.sub(i, self.ki(ROOT_HALF_BITS)), self.ki(52))
        f = self.sub(self.double(self.b.sub(i, self.b.shl(n, self.ki(52)))), self.k(1))
        n = self.sub(self.double(self.b.add(n, self.ki(MAGIC_BITS))), self.k(MAGIC))
        n = self.b.select(small, self.sub(n, self.k(54)), n)
        d = self.add(f, self.k(2))
        r = self.refine(d, self.refine(d, self.polynomial(f, (0.5, -0.25, 0.125))))
        s, half = self.mul(f, r), self.mul(self.mul(f, f), self.k(0.5))
        z = self.mul(s, s)
        tail = self.fnma(s, self.fma(z, self.polynomial(z, LOG), half), half)
        y = self.fma(n, self.k(LN2), self.sub(f, tail))
        y = self.b.select(self.b.fcmp_ordered("<", x, self.k(float("inf"))), y, x)
        zero = self.b.fcmp_ordered("==", x, self.k(0))
        outside = self.b.select(zero, self.k(float("-inf")), self.k(float("nan")))
        return self.b.select(self.above(x, self.k(0)), y, outside)

    def exp(self, x):
        """Within 1 unit in the last place of the C library's; scaled in two halves, so that the
        subnormal results and infinity come out by themselves; not a number stays so."""
        low, high = map(self.k, EXP_LIMITS)
        x = self.b.select(self.above(x, high), high, x)
        x = self.b.select(self.above(low, x), low, x)
        shifted = self.fma(x, self.k(LOG2_E), self.k(MAGIC))
        n = self.sub(shifted, self.k(MAGIC))
        r = self.fnma(n, self.k(LN2_LOW), self.fnma(n, self.k(LN2_HIGH), x))
        y = self.add(self.fma(self.mul(r, r), self.polynomial(r, EXP), r), self.k(1))
        whole = self.b.sub(self.bits(shifted), self.ki(MAGIC_BITS))
        half = self.b.ashr(whole, self.ki(1))
        y = self.double(self.b.add(self.bits(y), self.b.shl(half, self.ki(52))))
        rest = self.b.add(self.b.sub(whole, half), self.ki(1023))
        return self.mul(y, self.double(self.b.shl(rest, self.ki(52))))

    def address(self, place):
        *frame, row = place.split("+")
        offset = ir.Constant(I64, int(row) * self.lanes)
        if frame:
            start = self.b.mul(self.frames[frame[0]], ir.Constant(I64, self.lanes))
            offset = self.b.add(start, offset)
        return self.b.bitcast(self.b.gep(self.base, [offset]), self.vec.as_pointer())

    def run(self, tape):
        values = {}
        for line in tape.strip().splitlines():
            name, op, *args = line.split()
            if op == "load":
                values[name] = self.b.load(self.address(args[0]), align=8)
                continue
            args = [values[a] if a in values else self.k(a) for a in args]
            if op == "store":
                self.b.store(args[0], self.address(name), align=8)
            else:
                values[name] = getattr(self, op)(*args)


def align_stack(builder, lanes):
    """Make the stack frame start on a vector's boundary, so that no spilled vector splits a line.

    LLVM aligns a frame only for what has an address, and drops what nobody looks at: the empty
    assembler text looks at it.
    """
    place = builder.alloca(ir.VectorType(F64, lanes))
    looks = ir.FunctionType(ir.VoidType(), [place.type])
    builder.asm(looks, "", "r", (place,), side_effect=True)


def kernel(tape, lanes):
    """A function (buffer, src, dst) for numba that runs the tape on every lane."""

    @intrinsic
    def run(typing_context, buffer, src, dst):
        def generate(context, builder, signature, args):
            base = context.make_array(signature.args[0])(context, builder, args[0]).data
            frames = {"src": args[1], "dst": args[2]}
            align_stack(builder, lanes)
            Emitter(builder, base, frames, lanes).run(tape)
            return context.get_dummy_value()

        return types.void(buffer, types.intp, types.intp), generate

    return run


@intrinsic
def take(typing_context, counter):
    """Atomic: the counter's next value, so that threads share one queue of patients."""

    def generate(context, builder, signature, args):
        base = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", base, ir.Constant(I64, 1), "monotonic")

    return types.int64(counter), generate


def _processor():
    """(triple, processor name, features) that numba compiles for."""
    return cpu_target.target_context.codegen().magic_tuple()


def best_lanes() -> int:
    """Patients side by side in one vector: 8 with AVX-512, else 4. The bytes are the same."""
    return 8 if "+avx512f" in _processor()[2] else 4


def has_fused_multiply() -> bool:
    """Whether the processor has fused multiply-add; without it the kernel is slow, not wrong."""
    return "+fma" in _processor()[2] or platform.machine().lower() in ("arm64", "aarch64")


def fingerprint() -> str:
    """What machine code depends on beside its text: versions and processor."""
    return repr((numba.__version__, llvmlite.__version__, *_processor()))
