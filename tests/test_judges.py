"""The judges of LaTeX condemn what is bad, so that their silence means something."""

import pytest

pytestmark = pytest.mark.system

DOCUMENT = r"\documentclass{article}\usepackage{amsmath,lmodern}\begin{document}%s\end{document}"


def test_pdflatex_passes_a_clean_document(latex_problems):
    assert latex_problems(DOCUMENT % r"\[ m = \tanh \beta(J m + h) \]") == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (r"$\nosuchmacro$", "Undefined control sequence"),
        (r"$m_1_2$", "Double subscript"),
        (r"see \ref{nowhere}", "Reference `nowhere'"),
        (r"\noindent\rule{2\textwidth}{1pt}", "Overfull"),
    ],
)
def test_pdflatex_condemns(latex_problems, body, complaint):
    assert any(complaint in line for line in latex_problems(DOCUMENT % body))


def test_katex_condemns_only_the_bad_formulas(katex_problems):
    formulas = [r"\frac{1}{2}", r"\nosuchmacro", r"\tanh \beta", "m_1_2", "\u00e9"]
    assert [failure["index"] for failure in katex_problems(formulas)] == [1, 3, 4]
