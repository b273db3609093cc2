"""Questions that a sentence answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from studies.english.lexicon import Lexicon
from studies.english.phrases import cut, noun_of, past_of, third_person, to_first_person
from studies.english.question import Question
from studies.english.sentences import (
    AUXILIARIES,
    PREPOSITIONS,
    UNCLEAR,
    Clause,
    content_words,
    is_noun_phrase,
    is_plural,
    parse,
    words,
)
from studies.english.word_lists import WORDS

_LONGEST = 16
_WEAK = WORDS["weak_nouns"]
_MODALS = WORDS["modals"]
_BEGINNINGS = WORDS["beginnings"]
_PLACE_VERBS = WORDS["place_verbs"]
_PREPOSITIONAL_VERBS = WORDS["prepositional_verbs"]
_NO_OBJECTS = WORDS["no_objects"]
_EFFECT_VERBS = WORDS["effect_verbs"]
_PARTICIPLES = {
    "found": "found", "founded": "found", "established": "establish", "created": "create", "built": "build",
    "introduced": "introduce", "released": "release", "invented": "invent", "discovered": "discover",
    "published": "publish", "written": "write", "designed": "design", "developed": "develop", "started": "start",
    "opened": "open", "signed": "sign", "adopted": "adopt", "launched": "launch", "formed": "form", "made": "make",
    "produced": "produce", "recorded": "record", "destroyed": "destroy", "abolished": "abolish",
    "elected": "elect", "appointed": "appoint", "killed": "kill", "completed": "complete", "described": "describe",
    "proposed": "propose", "coined": "coin", "issued": "issue", "passed": "pass", "born": "bear",
}  # fmt: skip
# "is X-ed PREPOSITION something": what is it X-ed PREPOSITION?
_STATES = re.compile(
    r"^(also |often |usually |commonly |generally |mainly |primarily |normally |originally |typically )?"
    r"(used|based|made|composed|located|named|derived|caused|followed|divided|found|associated|related|available|"
    r"responsible|similar|stored|known|called|written|defined|covered|affected|controlled|connected|"
    r"measured|expressed|divided|required|needed|produced|designed|intended|treated|replaced|limited|restricted|"
    r"supported|distributed|native|famous|useful|suitable|equivalent|good|bad|allergic|close|filled|attached) "
    r"(for|to|in|on|at|by|of|from|with|as|into|up of|after|against) (.+)$"
)


def questions_of(sentence: str, subject: str, lexicon: Lexicon) -> list[Question]:
    """Return questions that a sentence answers.

    Args:
        sentence: one sentence of a passage.
        subject: what a pronoun at the beginning of the sentence stands for; empty if that is not known.
    """
    if len(sentence) > 320 or sentence.count("(") != sentence.count(")"):
        return []
    text = re.sub(r"\s*\([^()]*\)", "", sentence).strip().rstrip(".")
    if re.search(r"\b(I|me|my)\b", text):
        return []
    found = [
        replace(question, about=lexicon.lowered(question.about))
        for question in _questions(text, subject, lexicon)
        if _is_sound(question)
    ]
    return list({question.full(): question for question in found}.values())


def _is_sound(question: Question) -> bool:
    text = question.full()
    tokens = words(text)
    return (
        3 <= len(tokens) <= _LONGEST
        and re.fullmatch(r"[\w .,'’/+#%$&@-]+", text) is not None
        and not UNCLEAR & {token.lower() for token in tokens}
        and not re.search(r"[.,]$|\.\.| ,|[A-Za-z]\. |  | not ", text, re.IGNORECASE)
        and len(content_words(text)) >= (1 if question.kind.startswith("definition") else 2)
        and text.count("{") == 0
    )


def _questions(text: str, subject: str, lexicon: Lexicon) -> Iterator[Question]:
    yield from _from_conditions(text, lexicon)
    yield from _from_of_phrase(text, lexicon)
    clause = parse(text, lexicon)
    if clause is None:
        if match := re.match(r"^In (?:\w+ )?(\d{4}),? (.+)$", text):
            inner = parse(match[2], lexicon)
            if inner is not None:
                inner = _resolved(inner, subject)
                if inner and is_noun_phrase(inner.subject, lexicon):
                    yield from _when(inner, lexicon)
        return
    if clause.subject.lower() in {"you", "one", "users", "the user", "a user"}:
        yield from _from_advice(clause)
        return
    clause = _resolved(clause, subject)
    if clause is None or not is_noun_phrase(clause.subject, lexicon):
        return
    if clause.base == "be":
        yield from _from_be(clause, lexicon)
    elif clause.verb in _MODALS:
        yield from _from_modal(clause)
    elif clause.base == "have":
        yield from _from_have(clause, lexicon)
    elif clause.base not in AUXILIARIES:
        yield from _from_verb(clause, lexicon)
    yield from _from_because(clause)


def _resolved(clause: Clause, subject: str) -> Clause | None:
    if clause.subject.lower() in {"it", "they", "he", "she", "this", "these"}:
        return Clause(subject, clause.verb, clause.base, clause.tense, clause.rest) if subject else None
    return clause


# Definitions and states


def _from_be(clause: Clause, lexicon: Lexicon) -> Iterator[Question]:
    about, be, rest = clause.subject, clause.verb, clause.rest
    if re.match(r"^(?:an?|the) [^,]{1,40} that\b", rest) and clause.subject.lower() == "it":
        return
    yield from _from_definition(about, be, rest, lexicon)
    if match := _STATES.match(rest):
        yield from _from_state(about, be, match)
    elif match := re.match(r"^(?:first |originally |also )?(\w+)((?: .*)?)$", rest):
        participle, tail = match[1], match[2]
        if participle in _PARTICIPLES or participle.endswith("ed"):
            yield from _from_passive(about, be, participle, tail, lexicon)
    yield from _from_comparison(about, be, rest, lexicon)


def _from_definition(about: str, be: str, rest: str, lexicon: Lexicon) -> Iterator[Question]:
    match = re.match(r"^(?:an?|the|one of the) (.+)$", rest)
    if not match:
        return
    if not about.lower().startswith(("the ", "a ", "an ")) or " of " not in about:
        person = (
            lexicon.kind(noun_of(match[1], lexicon)) in {"person", "leader", "writer", "musician", "actor", "scientist"}
            and about[0].isupper()
            and not about.startswith("The ")
        )
        who = "who" if person else "what"
        yield Question(
            f"{who} {be} {{x}}", about, "definition",
            others=("tell me about {x}", f"explain what {{x}} {be}", f"can you tell me {who} {{x}} {be}",
                    *(() if person else ("define {x}", "meaning of {x}"))),
            keywords="{x}" if person else "{x} definition",
        )  # fmt: skip
    noun = noun_of(match[1], lexicon)
    if (
        noun
        and noun.split()[-1] not in _WEAK
        and be in {"is", "are"}
        and rest.startswith(("a ", "an "))
        and len(noun.split()) <= 3
    ):
        yield Question(f"{be} {{x}} {rest.split(' ', 1)[0]} {noun}", about, "yes-no", fact=f"{about} {noun}")


def _from_state(about: str, be: str, match: re.Match[str]) -> Iterator[Question]:
    word, preposition, end = match[2], match[3], match[4]
    if (word, preposition) == ("used", "to"):
        yield Question(
            f"what {be} {{x}} used for", about, "purpose",
            others=("what is the purpose of {x}", "why would I use {x}"), keywords="{x} purpose",
        )  # fmt: skip
    elif (word, preposition) == ("used", "for"):
        yield Question(
            f"what {be} {{x}} used for", about, "purpose",
            others=("what is the use of {x}", "what can I use {x} for"), keywords="{x} uses",
        )  # fmt: skip
    elif word in {"located", "found", "stored", "available", "used"} and preposition in {"in", "on", "at"}:
        yield Question(f"where {be} {{x}} {word}", about, "where", "where", f"{about} {word}",
                       others=("where can I find {x}",) if word in {"located", "found"} else (),
                       keywords="{x} location" if word == "located" else "")  # fmt: skip
    elif preposition == "by" and word not in {"followed", "caused", "affected", "covered", "replaced"}:
        yield Question(f"what {be} {{x}} {word} by" if word != "written" else "who wrote {x}",
                       about, "who", "by whom", f"{about} {word}")  # fmt: skip
    elif word in {"known", "called"} or (word, preposition) == ("known", "as"):
        yield Question(f"what {be} {{x}} also known as" if word == "known" and preposition == "as"
                       else f"what {be} {{x}} known for", about, "name")  # fmt: skip
    elif word not in {"good", "bad", "available", "required", "needed", "designed", "intended"} or preposition == "for":
        yield Question(f"what {be} {{x}} {word} {preposition}", about, "state", fact=f"{about} {word}")
        if re.match(r"^(the |an? )?[\w-]+( [\w-]+)?$", end) and preposition == "by" and word == "caused":
            yield Question("what does {x} cause", end, "cause")


def _from_comparison(about: str, be: str, rest: str, lexicon: Lexicon) -> Iterator[Question]:
    if match := re.match(r"^(more|less|\w+er) (?:(\w+) )?than (.+)$", rest):
        other = match[3]
        if is_noun_phrase(other, lexicon):
            comparative = f"{match[1]} {match[2] or ''}".strip()
            yield Question(f"which is {comparative}, {{x}} or {other}", about, "comparison")
            yield Question(f"how {'do' if be in {'are', 'were'} else 'does'} {{x}} compare with {other}", about,
                           "comparison", others=("what is the difference between {x} and " + other,),
                           keywords="{x} vs " + other)  # fmt: skip


def _from_passive(about: str, be: str, participle: str, tail: str, lexicon: Lexicon) -> Iterator[Question]:
    fact = f"{about} {participle}"
    if re.search(r"\b(in|on|since|during|around|before|after) (?:\w+ ){0,2}(1\d{3}|20\d\d)\b", tail):
        yield Question(f"when {be} {{x}} {participle}", about, "when", "when", fact,)  # fmt: skip
    if re.match(r"^ by (the |an? )?[A-Z]", tail) and participle in _PARTICIPLES and participle != "born":
        yield Question(f"who {past_of(participle)} {{x}}", about, "who", "by whom", fact,
                       others=(f"who {be} {{x}} {participle} by",))  # fmt: skip
    if participle == "born" and re.search(r"\bin [A-Z]", tail):
        yield Question(f"where {be} {{x}} born", about, "where", "where", fact, keywords="{x} birthplace")
    if re.match(r"^ (by \w+ing|using|with the|through|via) ", tail):
        yield Question(f"how {be} {{x}} {participle}", about, "how", "how", fact)
    if re.match(r"^ (?:if|when|whenever|unless) ", tail):
        yield Question(f"when {be} {{x}} {participle}", about, "when", "when", fact,
                       others=(f"under what conditions {be} {{x}} {participle}",))  # fmt: skip


# Modals, have, and other verbs


def _from_modal(clause: Clause) -> Iterator[Question]:
    modal, rest = clause.verb, clause.rest
    if re.match(r"^(not|also|only|never|still|then|have|either|be) ", f"{rest} "):
        if match := re.match(r"^(?:also |only )?be (used) (to|for) (.+)$", rest):
            yield Question("what can {x} be used for", clause.subject, "purpose",
                           others=("what can I do with {x}", "what is {x} good for"), keywords="{x} uses")  # fmt: skip
            purpose = cut(match[3])
            if purpose and modal in {"can", "may"} and match[2] == "to":
                yield Question(f"can {{x}} be used to {to_first_person(purpose)}", clause.subject, "yes-no")
        elif match := re.match(
            r"^(?:also |only )?be (\w+(?:ed|en|t|d)) (by \w+ing|using|with|in|through|via|from|at) ", rest
        ):
            word = "where" if match[2] in {"in", "at", "from"} else "how"
            if word == "how":
                yield Question(f"how {modal} {{x}} be {match[1]}", clause.subject, "how", "how",
                               f"{clause.subject} {match[1]}")  # fmt: skip
        return
    action = cut(rest)
    if action and modal in {"can", "could", "should", "will", "must"} and "however" not in action:
        yield Question(f"{modal} {{x}} {action}", clause.subject, "yes-no", "yes", f"{clause.subject} {action}")
        if modal in {"can", "may", "could"}:
            yield Question("what can {x} do", clause.subject, "ability")


def _from_have(clause: Clause, lexicon: Lexicon) -> Iterator[Question]:
    do = "did" if clause.tense == "past" else "do" if is_plural(clause.subject, lexicon) else "does"
    if match := re.match(
        r"^(?:about |over |only |up to |at least )?(two|three|four|five|six|seven|eight|nine|ten|\d[\d,.]*) "
        r"((?:[\w-]+ )?[\w-]+s)\b",
        clause.rest,
    ):
        yield Question(f"how many {match[2]} {do} {{x}} have", clause.subject, "count", others=(
            f"what is the number of {match[2]} of {{x}}",), keywords=f"{{x}} number of {match[2]}")  # fmt: skip
    elif match := re.match(r"^(an?|the|no|many|several) ((?:[\w-]+ ){0,2}[\w-]+)$", clause.rest):
        noun = noun_of(match[2], lexicon)
        if noun and do != "did":
            yield Question(f"{do} {{x}} have {'any' if match[1] not in {'a', 'an', 'the'} else match[1]} {match[2]}",
                           clause.subject, "yes-no")  # fmt: skip


def _from_verb(clause: Clause, lexicon: Lexicon) -> Iterator[Question]:
    about, base, rest = clause.subject, clause.base, clause.rest
    if not rest:
        return
    do = "did" if clause.tense == "past" else "do" if is_plural(about, lexicon) else "does"
    first = rest.split(" ", 1)[0].lower()
    if first in {"of", "in", "on", "at", "from", "to", "for", "with", "as", "by", "about", "into"}:
        yield from _from_prepositional_verb(clause, do, first)
    elif base == "mean":
        yield Question(f"what {do} {{x}} mean", about, "definition", others=("meaning of {x}",), keywords="{x} meaning")
    elif base in {"allow", "enable", "let", "permit", "help"} and first in {"you", "users", "the", "us", "to"}:
        yield Question(f"what {do} {{x}} {base} {'you' if base != 'help' else 'with'}" + (" to do" if base in
                       {"allow", "enable", "permit"} else " do" if base == "let" else ""), about, "purpose",
                       others=("what is {x} for", "why should I use {x}"), keywords="{x} purpose")  # fmt: skip
    elif first not in PREPOSITIONS | _NO_OBJECTS:
        yield from _from_transitive_verb(clause, do, lexicon)


def _from_prepositional_verb(clause: Clause, do: str, preposition: str) -> Iterator[Question]:
    about, base = clause.subject, clause.base
    if preposition in {"in", "at", "on"} and base in _PLACE_VERBS:
        word = "when" if re.search(r"^\w+ (?:\w+ ){0,3}\d{3,4}\b", clause.rest) else "where"
        yield Question(f"{word} {do} {{x}} {base}", about, word, word, f"{about} {base}")
    elif base in _PREPOSITIONAL_VERBS:
        yield Question(f"what {do} {{x}} {base} {preposition}", about, "verb", fact=f"{about} {base}",
                       keywords="{x} components" if base == "consist" else "")  # fmt: skip


def _from_transitive_verb(clause: Clause, do: str, lexicon: Lexicon) -> Iterator[Question]:
    about, base, rest = clause.subject, clause.base, clause.rest
    fact = f"{about} {base}"
    yield Question(f"what {do} {{x}} {base}", about, "verb", "what", fact,
                   others=(f"can you tell me what {{x}} {clause.verb}",))  # fmt: skip
    thing = re.match(
        r"^((?:the |an? )?[\w-]+(?: [\w-]+){0,2}?)"
        r"(?= (?:in|on|at|by|for|with|from|to|and|which|that|when|if|during)\b|,(?!\d)|$)",
        rest,
    )
    if thing and is_noun_phrase(thing[1], lexicon, 4):
        yield from _from_object(clause, do, thing[1])
    if clause.tense == "past" and re.search(r"\bin (?:\w+ )?(1\d{3}|20\d\d)\b", rest):
        yield from _when(clause, lexicon)
    if re.search(r" by \w+ing ", rest):
        action = cut(rest.split(" by ")[0])
        if action:
            yield Question(f"how {do} {{x}} {base} {action}", about, "how", "how", fact)


def _from_object(clause: Clause, do: str, thing: str) -> Iterator[Question]:
    about, base = clause.subject, clause.base
    verb = clause.verb if clause.tense == "past" else third_person(base)
    if base in _EFFECT_VERBS:
        yield Question(f"what {verb} {{x}}", thing, "cause" if base == "cause" else "agent",
                       keywords="causes of {x}" if base == "cause" else "")  # fmt: skip
    elif about[0].isupper() and base in _BEGINNINGS | {"win", "marry", "lead", "buy", "acquire", "defeat"}:
        yield Question(f"who {verb} {{x}}", thing, "who", "who", f"{thing} {base}")
    if do != "did":
        yield Question(f"{do} {{x}} {base} {thing}", about, "yes-no", "yes", f"{about} {base}")


def _when(clause: Clause, lexicon: Lexicon) -> Iterator[Question]:
    if clause.base == "be":
        if match := re.match(r"^(\w+ed|\w+en|built|made|found|born|won|sold|held|sent|set|put)\b", clause.rest):
            yield Question(f"when {clause.verb} {{x}} {match[1]}", clause.subject, "when", "when",
                           f"{clause.subject} {match[1]}")  # fmt: skip
        return
    if clause.tense == "past" and clause.base not in AUXILIARIES:
        action = cut(re.split(r",| in (?:\w+ )?\d{4}", clause.rest)[0])
        if action is not None:
            yield Question(f"when did {{x}} {clause.base} {action}".strip(), clause.subject, "when", "when",
                           f"{clause.subject} {clause.base}", others=(
                               f"in what year did {{x}} {clause.base} {action}".strip(),))  # fmt: skip


# Reasons, conditions, advice


def _from_because(clause: Clause) -> Iterator[Question]:
    match = re.match(r"^(.+?),? (?:because|in order to|so that) (.+)$", clause.rest)
    if not match or len(match[1].split()) > 9 or "," in match[1]:
        return
    rest, about = match[1], clause.subject
    if clause.verb in AUXILIARIES:
        yield Question(f"why {clause.verb} {{x}} {rest}", about, "why", "why", f"{about} {rest}",
                       others=(f"what is the reason that {{x}} {clause.verb} {rest}",))  # fmt: skip
    else:
        do = "did" if clause.tense == "past" else "does" if clause.verb != clause.base else "do"
        yield Question(f"why {do} {{x}} {clause.base} {rest}", about, "why", "why", f"{about} {clause.base}")


def _from_conditions(text: str, lexicon: Lexicon) -> Iterator[Question]:
    match = re.match(r"^(?:In order to|To) ([a-z]\w+) ([^,]+), ", text)
    if match and "verb" in lexicon.parts(match[1])[:2]:
        yield from _how_to(to_first_person(f"{match[1]} {match[2]}"))
    if match := re.match(r"^(If|When|Whenever) ([^,]{8,90}), (.+)$", text):
        condition = match[2]
        if want := re.match(r"^you (?:want|need|wish|would like|have) to (.+)$", condition):
            yield from _how_to(to_first_person(want[1]))
        elif re.match(r"^you ", condition):
            mine = to_first_person(condition)
            yield Question(f"what happens if {mine}", "", "what-if", others=(f"what should I do if {mine}",))
        else:
            inner = parse(condition, lexicon)
            if inner and is_noun_phrase(inner.subject, lexicon) and inner.verb in AUXILIARIES | {inner.verb}:
                yield Question(f"what happens if {{x}} {inner.verb} {inner.rest}", inner.subject, "what-if",
                               others=(f"what if {{x}} {inner.verb} {inner.rest}",))  # fmt: skip


def _how_to(action: str) -> Iterator[Question]:
    if 2 <= len(action.split()) <= 11:
        yield Question(
            f"how do I {action}", "", "how-to",
            others=(f"how can I {action}", f"how to {action}", f"what is the best way to {action}",
                    f"I want to {action}", f"I need to {action}", f"show me how to {action}",
                    f"explain how to {action}",
                    f"is there a way to {action}", f"can I {action}", f"steps to {action}"),
            keywords=" ".join(content_words(action)),
        )  # fmt: skip


def _from_advice(clause: Clause) -> Iterator[Question]:
    rest = re.sub(r"^(?:also|simply|just|then|easily|now|always|usually) ", "", clause.rest)
    action = rest
    if clause.verb in {"can", "may", "could", "should", "must"}:
        if match := re.match(r"^use (.{2,50}?) to ([a-z].+)$", rest):
            goal = cut(match[2])
            if goal:
                yield from _how_to(to_first_person(goal))
            return
        if match := re.match(r"^(.+?) (?:by|using|with the|via|through) ", rest):
            done = cut(match[1])
            if done and len(done.split()) > 1:
                yield from _how_to(to_first_person(done))
                return
        done = cut(action)
        if done and len(done.split()) > 2:
            mine = to_first_person(done)
            if clause.verb in {"can", "may", "could"}:
                yield Question(f"can I {mine}", "", "yes-no", others=(f"is it possible to {mine}", f"how can I {mine}",
                               f"am I able to {mine}", f"I would like to {mine}"))  # fmt: skip
            else:
                yield Question(f"do I have to {mine}", "", "yes-no", others=(f"should I {mine}", f"must I {mine}",
                               f"do I need to {mine}", f"is it necessary to {mine}"))  # fmt: skip
    elif clause.base == "need" and rest.startswith("to "):
        done = cut(rest[3:])
        if done:
            yield Question(f"do I need to {to_first_person(done)}", "", "yes-no")


def _from_of_phrase(text: str, lexicon: Lexicon) -> Iterator[Question]:
    """Ask for a property: "The capital of X is …"."""
    match = re.match(
        r"^The ((?:[a-z-]+ ){0,2}[a-z-]+) (of|for|in) "
        r"((?:the |an? )?[\w+#.-]+(?: [\w+#-]+){0,3}) (is|are|was|were) (?!not )",
        text,
    )
    if match and is_noun_phrase(match[1], lexicon, 3) and is_noun_phrase(match[3], lexicon, 5):
        noun, preposition, about, be = match[1], match[2], match[3], match[4]
        if is_plural(noun, lexicon) != (be in {"are", "were"}):
            return
        yield Question(f"what {be} the {noun} {preposition} {{x}}", about, "property", fact=f"property {about}",
                       others=(f"tell me the {noun} {preposition} {{x}}",
                               f"do you know the {noun} {preposition} {{x}}"),
                       keywords=f"{{x}} {noun}" if not about.startswith(("the ", "a ", "an ")) else "")  # fmt: skip
