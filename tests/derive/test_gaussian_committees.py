"""On-line learning of committees: whole rates of change as one average each."""

from dataclasses import dataclass

import pytest
from sympy import (
    Add,
    BlockMatrix,
    Float,
    Heaviside,
    Matrix,
    Max,
    Rational,
    erf,
    exp,
    pi,
    sqrt,
    symbols,
)

from derive.gaussian.closed_form import closed_form

RELU = (lambda x: Max(0, x), Heaviside)
ERF = (lambda x: erf(x / sqrt(2)), lambda x: sqrt(2 / pi) * exp(-(x**2) / 2))


@dataclass(frozen=True)
class Committee:
    unit: tuple
    student: list
    teacher: list
    R: list
    Q: list
    T: list
    rate: str
    flow_R: list
    flow_Q: list
    error: str


def rational(table):
    return (
        Matrix(table).applyfunc(Rational)
        if False
        else Matrix([[Rational(e) for e in r] for r in table])
    )


COMMITTEES = {
    "one unit, relu": Committee(
        RELU,
        student=["1"],
        teacher=["1"],
        R=[["0.4"]],
        Q=[["0.6"]],
        T=[["1"]],
        rate="0.3",
        flow_R=[["0.06202339782204151471646923542"]],
        flow_Q=[["-0.01554387251944742691807238876"]],
        error="0.1598830758715711460309837128",
    ),
    "one unit, erf": Committee(
        ERF,
        student=["1"],
        teacher=["1"],
        R=[["0.4"]],
        Q=[["0.6"]],
        T=[["1"]],
        rate="0.3",
        flow_R=[["0.06639347756222730346878502140"]],
        flow_Q=[["-0.03054998867868664977996523860"]],
        error="0.1454576670770835212562624219",
    ),
    "two units, relu": Committee(
        RELU,
        student=["1", "1"],
        teacher=["1", "1"],
        R=[["0.4", "0.1"], ["-0.1", "0.5"]],
        Q=[["0.6", "0.15"], ["0.15", "0.8"]],
        T=[["1", "0"], ["0", "1"]],
        rate="0.5",
        flow_R=[
            ["0.1224752592120137436729507638", "0.04913307449392671679052160522"],
            ["0.07464757831719804184344516194", "0.08041932832039785585264009057"],
        ],
        flow_Q=[
            ["0.05452530416113346001321867265", "-0.05497419128725284561403818175"],
            ["-0.05497419128725284561403818175", "-0.03470893588499621658906938516"],
        ],
        error="0.3616077835313390027057031202",
    ),
    "two units, erf": Committee(
        ERF,
        student=["1", "1"],
        teacher=["1", "1"],
        R=[["0.4", "0.1"], ["-0.1", "0.5"]],
        Q=[["0.6", "0.15"], ["0.15", "0.8"]],
        T=[["1", "0"], ["0", "1"]],
        rate="0.5",
        flow_R=[
            ["0.1320919616068041240957220973", "0.06674247942268131887195159376"],
            ["0.1059718091707296364263177928", "0.08860379628208753013589832355"],
        ],
        flow_Q=[
            ["-0.009246674757568807359520524510", "-0.09227180750707907278657553471"],
            ["-0.09227180750707907278657553471", "-0.06613637483632447916643440784"],
        ],
        error="0.3432591258744320560346160209",
    ),
    "two units, three of the teacher, weighted, relu": Committee(
        RELU,
        student=["0.8", "-0.6"],
        teacher=["1.2", "-0.5", "0.7"],
        R=[["0.4", "0.1", "-0.2"], ["-0.1", "0.5", "0.3"]],
        Q=[["0.7", "0.15"], ["0.15", "0.9"]],
        T=[["1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"]],
        rate="0.5",
        flow_R=[
            [
                "0.1420249250872644719641988771",
                "-0.02251500363898421466477168009",
                "0.08408681174892452802669790338",
            ],
            [
                "-0.04414278967964877829477334527",
                "-0.007029027338673076086638416966",
                "-0.1154108499606023341160988052",
            ],
        ],
        flow_Q=[
            ["0.1673895961516495129651034667", "0.003220434497905561735285041532"],
            ["0.003220434497905561735285041532", "-0.1259908477876795296650358182"],
        ],
        error="0.5171456346521389094648628293",
    ),
    "two units, three of the teacher, weighted, erf": Committee(
        ERF,
        student=["0.8", "-0.6"],
        teacher=["1.2", "-0.5", "0.7"],
        R=[["0.4", "0.1", "-0.2"], ["-0.1", "0.5", "0.3"]],
        Q=[["0.7", "0.15"], ["0.15", "0.9"]],
        T=[["1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"]],
        rate="0.5",
        flow_R=[
            [
                "0.1175074975000814413787812660",
                "-0.03742873908739348988551011907",
                "0.1447020613920712885404791455",
            ],
            [
                "-0.07846359819528354730263538599",
                "0.03353743107088943692459830733",
                "-0.1018764655618164135949500073",
            ],
        ],
        flow_Q=[
            ["0.005059743859172422330141898728", "0.02984362615594472972915964640"],
            ["0.02984362615594472972915964640", "-0.008983441672122427754177649679"],
        ],
        error="0.3679726515266391310346604700",
    ),
}


def trusted(expr, reference):
    return abs(expr.evalf(34) / Float(reference, 34) - 1) < Float("1e-25")


@pytest.mark.parametrize("committee", COMMITTEES.values(), ids=COMMITTEES)
def test_flow_of_the_overlaps(committee):
    """With d_i = e w_i g'(x_i): <d_i y_n>, and <d_i x_k + d_k x_i> + eta <d_i d_k>, times eta."""
    g, slope = committee.unit
    R, Q, T = map(rational, (committee.R, committee.Q, committee.T))
    student, teacher = (
        [Rational(e) for e in side] for side in (committee.student, committee.teacher)
    )
    x, y = (
        symbols(f"{name}:{len(side)}", real=True) for name, side in (("x", student), ("y", teacher))
    )
    error = Add(*(v * g(field) for v, field in zip(teacher, y, strict=True))) - Add(
        *(w * g(field) for w, field in zip(student, x, strict=True))
    )
    step = [error * w * slope(field) for w, field in zip(student, x, strict=True)]
    rate = Rational(committee.rate)
    fields, covariance = (*x, *y), Matrix(BlockMatrix([[Q, R], [R.T, T]]))

    def average(integrand):
        return closed_form(integrand, fields, [0] * len(fields), covariance)

    assert trusted(average(error**2) / 2, committee.error)
    for i, field in enumerate(x):
        for n, target in enumerate(y):
            assert trusted(rate * average(step[i] * target), committee.flow_R[i][n])
        for k in range(i + 1):
            flow = average(rate * (step[i] * x[k] + step[k] * field) + rate**2 * step[i] * step[k])
            assert trusted(flow, committee.flow_Q[i][k])
