"""How hard a text is to read: the Flesch-Kincaid grade (kincaid1975), a school year of the US."""

import re

_SENTENCE = re.compile(r"[.!?]+(?:\s|$)")
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?<![aeiouy])(?<!l)e$|[aeiouy]le$|[^aeioutd]ed$|[^aeiouscxzgh]es$")
_SPLIT = re.compile(
    r"[iu]a(?!r)|io(?!n)|[aeiouy]ing$|ea$|crea|scie|mye"
)  # one group, two syllables
_SPOKEN = ("CAR", "FLU")  # acronyms said as words


def grade(text: str) -> float:
    """Return the grade: 0.39 words per sentence + 11.8 syllables per word - 15.59.

    Numbers count as no words; a word of capitals is spelled letter by letter. A text without words
    has grade 0.
    """
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(1, len(_SENTENCE.findall(text.strip())))
    spoken = sum(syllables(word) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * spoken / len(words) - 15.59


def syllables(word: str) -> int:
    """Return the syllables of an English word: groups of vowels, without a silent e at the end."""
    if len(word) > 1 and word.isupper() and word not in _SPOKEN:
        return sum(3 if letter == "W" else 1 for letter in word if letter.isalpha())
    plain = word.lower().replace("'", "")
    count = len(_VOWELS.findall(plain)) + len(_SPLIT.findall(plain))
    return max(1, count - bool(_SILENT.search(plain)))
