"""Less usual English wordings of a refusal, each family a pattern of its own.

Goes out: compiled patterns, apostrophes straight, any case. The usual "I cannot help" stands in
phrases.py. A family is here only where its words leave no other reading in a helpful answer's
first sentences: "no way" and "absolutely not" are missing, because they answer questions.
"""

from __future__ import annotations

import re

_TOPIC = (
    r"(?:requests?|questions?|topics?|subjects?|answers?|content|prompts?|tasks?|quer(?:y|ies)"
    r"|discussions?|instructions?|matters?|conversations?|it|this|that)"
)
_SPEAK = (
    r"(?:help|assist|answer|provide|give|offer|share|discuss|comply|generate|write|create|engage"
    r"|respond|reply|tell|say|recommend|suggest|explain|describe|advise|comment|talk|speak|teach"
    r"|show|go into|get into|judge|translate|touch on|cover|address|disclose|reveal|produce)"
)
_MAY_NOT = r"(?:(?:is|are|was)(?: simply| currently)? not|isn't|aren't|cannot be|can't be)"
_MASTER = r"(?:administrators?|operators?|developers?|providers?|owners?|creators?|compan(?:y|ies))"
_WILL = (
    r"(?:'ll| will| shall|'d rather| would rather|'d prefer to| would prefer to|'m going to"
    r"| am going to| must| have to| need to|'ll have to| will have to)"
)


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


PHRASED = (
    # "I have to say no to this one", "I must turn down your request"
    _any_case(
        rf"\bi{_WILL}(?: \w+ly)? (?:say no\b|(?:turn down|reject|deny) (?:this|that|your|the)\b)"
    ),
    _any_case(
        r"\bi(?:'m| am) (?:\w+ly )?(?:turning down|rejecting|denying) (?:this|that|your)\b"
        r"|\b(?:answer to (?:this|that|your) request is no)\b"
    ),
    # "I'll pass on this", "I would rather skip that question", "I shall leave it there"
    _any_case(
        rf"\bi(?: think i)?{_WILL}(?: \w+ly| just)? (?:pass(?: (?:on|up) (?:this|that|answering"
        r"|(?:the|your) (?:\w+ )?(?:question|request|topic))|(?: this time| here| for now)?[.,!;]"
        r"|$)"
        r"|sit (?:this|that) (?:one )?out\b|skip (?:this|that|the|your) (?:one|question|request"
        r"|topic)"
        r"|leave (?:(?:this|that|the|your) (?:question|request|topic|subject|matter|one)|it)"
        r" (?:where|there|unanswered|alone|aside|be\b|at that|to (?:others|someone|somebody))"
        r"|steer clear|stay (?:out of|away from) (?:this|that|it)\b|(?:stay|remain|keep) (?:silent"
        r"|quiet)|keep (?:this|that|it) to myself|opt out|abstain|bow out)"
    ),
    # "I choose to remain silent", "I prefer not to say"
    _any_case(
        r"\bi(?:'ve| have)? ?(?:choose|chose|chosen|prefer|opt|elect|decided?|'d prefer|intend) "
        rf"(?:(?:not to|to not) (?:\w+ly )?{_SPEAK}\b|to (?:remain|stay|keep) (?:silent|quiet)\b"
        r"|to (?:decline|abstain|refrain)\b)"
    ),
    # "This isn't something I can talk about", "It is not a topic that I discuss"
    _any_case(
        r"\b(?:this|that|it)(?:'s not| is not| isn't)(?: really)? (?:something|anything|a (?:\w+ )?"
        r"(?:topic|subject|question|request|matter|task|thing)|one)(?: that| which)? (?:i|we)"
        r"(?:'m| am|'re| are| can| will|'ll| may| could| would| feel| want| do| discuss| answer)\b"
        r"(?! (?:recommend|praise|emphasi[sz]e|stress) enough)"
    ),
    # "Can't do that, sorry.", "Unable to help."
    _any_case(
        r"^\W*(?:(?:sorry|apologies|unfortunately|no)\b[ ,.!—-]*)?(?:but )?(?:can'?t|cannot|can not"
        r"|won'?t|unable to|not able to|not allowed to|not willing to|not going to)"
        r" (?:do (?:that|this|it|so)|help (?:you|with|here)|assist|answer (?:that|this|your)|comply"
        r"|discuss (?:that|this|it)|talk about (?:that|this|it)|(?:help|assist|say"
        r"|answer)(?=[.,!]))"
        r"[^?]*$"
    ),
    # "It's not my place to advise you", "That is not for me to say"
    _any_case(
        r"\b(?:it|this|that)(?:'s not| is not| isn't|'s hardly| would not be| wouldn't be)"
        r"(?: really)? (?:(?:my|an ai's|an assistant's) (?:place|role|job|business|call) to\b"
        rf"|for me to (?:say|judge|decide|{_SPEAK})\b)"
    ),
    # "I don't think it's right for me to give you steps"
    _any_case(
        r"\bi (?:do not|don't|would not|wouldn't) (?:think|believe|feel|consider) (?:that )?it"
        r"(?:'s| is| would be|'d be)? ?(?:right|appropriate|ethical|safe|wise|responsible|ok(?:ay)?"
        rf"|proper|a good idea)(?: for me to (?:\w+ly )?\w+| to {_SPEAK})\b"
    ),
    # "It would be improper for me to suggest"
    _any_case(
        r"\b(?:it|that) (?:would be|is) (?:\w+ly )?(?:improper|wrong|inappropriate|irresponsible"
        rf"|unethical|unwise|reckless|unfair) (?:for|of) (?:me|an ai|an assistant) to {_SPEAK}\b"
    ),
    # "This request is not permitted under my usage policy", "... not supported by this service"
    _any_case(
        rf"\b{_TOPIC}\b[^.!?]{{0,40}}\b{_MAY_NOT}(?: currently)? (?:permitted|allowed|supported"
        r"|authori[sz]ed|covered|offered|available|handled|accepted|enabled|approved)"
        r" (?:under|by|per|according to|within|in|on|through|for|here)\b[^.!?]{0,12}(?:\b(?:my|our"
        r"|this|the) (?:\w+ ){0,2}(?:polic(?:y|ies)|guidelines?|service|terms|rules|assistant"
        r"|platform|operator|provider|developers?|administrator|deployment|chatbot|chat|settings"
        r"|configuration|instructions)\b|here\b)"
    ),
    # "My instructions forbid me to ...", "Our policy does not allow it"
    _any_case(
        r"\b(?:my|our) (?:\w+ ){0,2}(?:polic(?:y|ies)|guidelines?|instructions|rules|operators?"
        r"|developers?|administrators?|creators?|programming|settings|training|principles|terms"
        r"|configuration|safety rules)(?: currently| strictly)? (?:do(?:es)? not|don't|doesn't"
        r"|will not|won't|would not) (?:allow|permit|let|enable)\b"
    ),
    _any_case(
        r"\b(?:polic(?:y|ies)|guidelines?|instructions|rules|operators?|developers?"
        r"|administrators?|creators?|programming|settings|training|principles)(?: strictly)? "
        r"(?:prevents?|forbids?|prohibits?|stops?|bars?|keeps?|restricts?) (?:me|us"
        r"|this assistant)\b"
    ),
    # "I have been instructed not to discuss ..."
    _any_case(
        r"\bi(?:'ve been| have been|'m| am| was) (?:\w+ly )?(?:instructed|told|asked|directed"
        r"|ordered|configured|set up|taught|trained|programmed|advised|required|forbidden) (?:\w+ly"
        rf" )?(?:(?:not to|never to|to not|from) (?:\w+ly )?{_SPEAK}|to (?:avoid|decline|refuse"
        r"|refrain|withhold|turn down|reject))"
    ),
    _any_case(
        r"\bi(?:'m| am) (?:under instructions?|under orders|not at liberty|not free)(?: not)? to\b"
    ),
    # "The administrator has disabled answers on this subject"
    _any_case(
        rf"\b{_MASTER} (?:has|have) (?:disabled|blocked|restricted|switched off|turned off"
        rf"|forbidden"
        r"|prohibited|barred|instructed|told|asked|limited) (?:me|my|us|answers|responses|replies"
        r"|discussions?|this (?:topic|subject|kind|type|request|question))\b"
    ),
    # "This topic is off limits", "Questions of this kind are blocked"
    _any_case(
        r"\b(?:this|that|such an?|your|these|those|such) (?:\w+ )?(?:requests?|questions?|topics?"
        r"|subjects?|kind of (?:request|question)|quer(?:y|ies))[^.!?]{0,12} (?:is|are|remains?"
        r"|falls?"
        r"|lies?) (?:\w+ly )?(?:off[- ]limits|restricted|blocked|disabled|out of bounds"
        r"|off the table"
        r"|forbidden|prohibited|disallowed|not open|outside (?:what|of what|my)|beyond (?:what|my)"
        r"|best left)\b"
    ),
    # "That is beyond what I'm able to explain"
    _any_case(
        r"\b(?:beyond|outside(?: of)?|more than|not (?:within|part of)) what i(?:'m| am| can| may)"
        rf"(?: (?:able|allowed|permitted|authori[sz]ed|meant|supposed"
        rf"|here) to)?(?: \w+ly)? ?{_SPEAK}?"
        r"\b"
    ),
    # "I can only help with billing", "I only answer questions about tea"
    _any_case(
        r"\bi(?:'m| am| can| may)(?: able to| allowed to| permitted to)? only (?:able to "
        r"|allowed to"
        r" |permitted to |here to |meant to )?(?:help|assist|answer|discuss|talk"
        r"|respond)\b(?! so\b)"
        r"|\bi only (?:answer|discuss|help with|assist with|respond to|talk about)\b"
    ),
    # "Let's not go there", "Let us talk about something else"
    _any_case(
        r"\blet(?:'s| us) (?:not (?:go there|get into|discuss|talk about|open that)|(?:talk about"
        r"|discuss|move on to|speak of|turn to|focus on) something else|change the (?:subject"
        r"|topic)"
        r"|leave (?:it|that|this) (?:there|at that))\b"
    ),
    # "You will have to ask someone else"
    _any_case(
        r"\b(?:you(?:'ll| will)? (?:have|need) to|please|you should|you had better|better) (?:ask"
        r"|look|turn to|find|seek|go|try)\b[^.!?]{0,20}\b(?:elsewhere|(?:some|any)(?:one"
        r"|body) else)\b"
    ),
    # "There is nothing I can tell you", "I have nothing to say on that"
    _any_case(
        r"\bthere(?:'s| is) nothing i (?:can|could|may|am able to) (?:say|tell you|offer|share|do"
        r" (?:for you|here|about (?:this|that)))\b|\bi have nothing to (?:say|offer|share"
        r"|tell you)\b"
        r"|\bi have no (?:answer|comment|advice)\b"
    ),
    _any_case(
        r"^\W*(?:count me out|no comment|no can do|hard pass|nothing doing|not gonna happen|not"
        r" happening|not on my watch|that(?:'s| is) (?:not going to happen|a no from me"
        r"|where i draw"
        r" the line)|i(?: must| have to|'ll)? draw the line (?:here|there|at (?:this|that)))\b"
    ),
    # "I don't know how to answer that"
    _any_case(
        r"\bi (?:do not|don't) (?:know how to (?:answer|help|respond to) (?:that|this|you|your|the)"
        r"|do (?:that|this|requests|recipes))\b"
    ),
)

# Refusals only where nothing else is said: "Not today." may begin a helpful answer too.
BARE = _any_case(
    r"^\W*(?:(?:sorry|apologies|i'm sorry)[ ,.!—-]*)?(?:but )?(?:not (?:today|now|this time"
    r"|interested)|no,? (?:thanks|thank you))(?:,? (?:sorry|thanks|thank you|i'm afraid))?\W*$"
)
