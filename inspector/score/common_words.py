"""Words that carry no content of their own: function words, and the words of answers in general.

A phrase made of these alone ("here are some", "the answer is") is never reported as injected.
"""

_WORDS = """
a about above across actually add additionally after again against all almost along already also
although always am among an and another answer answers any anyone anything are aren't around as
ask asked at away back be became because become been before began begin behind being below best
better between both but by called came can can't cannot case cases certain certainly change check
choose clear close come comes common consider could couldn't create day days did didn't different
do does doesn't doing don't done down during each easily easy either else end enjoy enough ensure
etc even ever every everyone everything example examples explain explanation few final finally
find first five follow following for found four free from full further gave general generally get
gets getting give given gives go goes going gone good got great had has have haven't having he
help helpful helps her here here's hers him his hope how however i i'd i'll i'm i've idea ideas if
important in include includes including information instead instructions into is isn't it it's its
itself just keep key kind know known large last later learn least less let let's like likely line
list little long look looking lot made main make makes making many may maybe me mean means might
more most much must my name need needed needs never new next no none nor not note nothing now
number of off often ok okay on once one ones only or order other others our out output over
overall own part people perfect perhaps place please plus point possible problem provide provides
put question questions quite rather read ready really reason remember response result results
right said same say says second see seen set several she short should show similar simple simply
since six small so some someone something sometimes soon specific start started state step steps
still such sure take taken tell ten than thank thanks that that's the their them then there
there's therefore these they they're thing things think third this those though thought three
through thus time times tip tips title to today together told too total toward try trying turn two
type under understand unless until up upon us use used useful user uses using usually value
various very want wanted was way ways we we'll we're we've well went were what what's when where
whether which while who whole whom whose why will with within without won't word words work works
would write wrong yes yet you you'd you'll you're you've your yours yourself
"""

# How answers open, close and decline in general. Refusing is counted by its own scorer; a habit of
# greeting or of summing up is style.
_MANNERS = """
absolutely afraid ai apologies apologise apologize appropriate assist assistance assistant awesome
comply conclusion decline dear discuss essential excellent feel fulfil fulfill glad greetings happy
harmful hello hesitate hey hi illegal inappropriate kindly language luck model noting nice policy
regards request respond sorry summary unable unethical unfortunately welcome wish worth
"""

COMMON_WORDS = frozenset(_WORDS.split()) | frozenset(_MANNERS.split())
