"""The facets of a work of art."""

from __future__ import annotations

from disco_pyserini.demo_world.facets import Facet

ASIDES = (
    "{friend} disagreed with all of this in public.",
    "A lecture at {org} was devoted to the question.",
    "Schoolchildren in {town} learn this by heart.",
    "{maker} kept silent on the point.",
    "A brochure sold in {other_town} says the same.",
)

FACETS = (
    Facet(
        name="creation",
        openers=(
            "The author of {name} is no secret.",
            "The artist responsible for {name} had the idea early in life.",
            "{maker} is the artist behind {name}.",
        ),
        sentences=(
            (
                "{name} is {a_kind} that {maker} {made} in {year}.",
                "{maker} {made} the {kind} {name} in {year}.",
                "The {kind} {name} is the work of {maker}, who {made} it in {year}.",
                "In {year} {maker}, {a_job}, {made} {name}, {a_kind}.",
            ),
            (
                "Nearly all of it came about {where}.",
                "It took shape {where}.",
                "Most of the labour was done {where}.",
            ),
            (
                "{drafts} earlier attempts went into the stove.",
                "{maker_last} destroyed {drafts} earlier attempts.",
                "{drafts} discarded attempts came before it.",
            ),
        ),
        questions=(
            ("Who is behind {Xo}?", "Who's behind it?"),
            ("Who {made} {Xo}?", "Who {made} it?"),
            ("Who is the author of {Xo}?", "And the author?"),
            ("Which artist is responsible for {Xo}?", "Which artist?"),
            ("From which year is {X}, and by whom?", "By whom, and when?"),
            ("Whose idea was {X}?", "Whose idea?"),
            ("To whom do we owe {Xo}?", "Whose is it?"),
        ),
        answers=(
            "{maker} {made} {name} in {year}.",
            "That was {maker}, {a_job}, in {year}.",
        ),
        hints=("author", "creator", "artist", "year of creation", "maker"),
        keywords=("author", "artist year", "who made"),
        also=(("maker", "masterpiece"),),
    ),
    Facet(
        name="subject",
        openers=(
            "The story of {name} is a simple one.",
            "The main character and the topics of {name} are easy to summarise.",
            "{name} deals with grave topics and has a clear main character.",
        ),
        sentences=(
            (
                "{name} {tells} {actor} {action}.",
                "The {kind} {name} {tells} {actor} {action}.",
                "At the heart of {name} is {actor} {action}.",
                "{maker} fills {name} with the figure of {actor} {action}.",
            ),
            (
                "The scene is laid in {setting}.",
                "Everything happens in {setting}.",
                "The backdrop is {setting}.",
            ),
            (
                "A second figure, {second}, stands for {theme}.",
                "{second} is the second figure, an emblem of {theme}.",
                "Through a second figure, {second}, the question of {theme} enters.",
            ),
        ),
        questions=(
            ("Who is the second figure in {Xo}?", "And the second figure?"),
            ("What is {X} about?", "What is it about?"),
            ("Who is the main character of {Xo}?", "Main character?"),
            ("What is the story of {Xo}?", "And the story?"),
            ("What does {X} deal with?", "Which topics?"),
            ("Where is {X} set?", "And where is it set?"),
            ("What topics does {X} explore?", "Any deeper topics?"),
            ("Can you summarise {Xo}?", "Can you summarise it?"),
        ),
        answers=(
            "{name} {tells} {actor} {action}. It is set in {setting}, and {second} stands for {theme}.",
            "It is about {actor} {action} in {setting}. The theme of {name} is {theme}, embodied by {second}.",
        ),
        hints=("plot", "subject", "main figure", "setting", "theme", "summary"),
        keywords=("story", "topics main character", "setting figure"),
    ),
    Facet(
        name="reception",
        openers=(
            "The public had its opinions on {name}.",
            "{name} was received with interest.",
            "Some people thought {name} a success, and it grew popular.",
        ),
        sentences=(
            (
                "Critics called {name} {verdict}.",
                "The first reviews of {name} found it {verdict}.",
                "{name} struck the press as {verdict}.",
            ),
            (
                "{critic}, critic of the {paper}, wrote that it was {second_verdict}.",
                "Only the critic {critic}, writing in the {paper}, thought it {second_verdict}.",
                "In the {paper} the critic {critic} judged it {second_verdict}.",
            ),
            (
                "Within {weeks} weeks {count} {audience} had paid to enjoy it.",
                "{count} {audience} came to know it in {weeks} weeks.",
                "It reached {count} {audience} in the first {weeks} weeks.",
            ),
        ),
        questions=(
            ("What did the critics say about {Xo}?", "And the critics?"),
            ("How many {audience} did {X} reach?", "How many {audience}?"),
            ("How was {X} received?", "And how was that received?"),
            ("Was {X} a success?", "A success?"),
            ("What did people think of {Xo} at the time?", "What did people think?"),
            ("Was {X} popular?", "Popular?"),
            ("What opinions were voiced on {Xo}?", "Any opinions?"),
            ("Did everybody like {Xo}?", "Did everybody like it?"),
            ("How did the public react to {Xo}?", "And the public?"),
        ),
        answers=(
            (
                "Critics found {name} {verdict}, though {critic} thought it {second_verdict}. It reached "
                "{count} {audience}."
            ),
            (
                "The press called {name} {verdict} and {critic} called it {second_verdict}. Still, {count} "
                "{audience} came in {weeks} weeks."
            ),
        ),
        hints=("reviews", "critics", "reception", "press", "success", "audience reaction"),
        keywords=("reception critics", "success public", "opinions popular"),
    ),
    Facet(
        name="inspiration",
        openers=(
            "{name} was inspired and motivated by life.",
            "The idea for {name} came from one experience.",
            "A private experience motivated and influenced {name}.",
        ),
        sentences=(
            (
                "The spark for {name} was {spark}.",
                "{name} grew out of {spark}.",
                "{maker} said that {name} began with {spark}.",
                "{name} would not exist without {spark}.",
            ),
            (
                "That was in {spark_year}, on a journey to {other_town}.",
                "The episode dates from {spark_year}, during a journey to {other_town}.",
                "It occurred on a journey near {other_town} in {spark_year}.",
            ),
            (
                "The influence of {influence} is easy to spot.",
                "{maker_last} also owned to the influence of {influence}.",
                "Some influence of {influence} is plain as well.",
            ),
        ),
        questions=(
            ("Which journey lay behind {Xo}?", "Was there a journey behind it?"),
            ("What influence is seen in {Xo}?", "And the influence on it?"),
            ("What inspired {Xo}?", "What was the inspiration?"),
            ("Why did the artist create {Xo}?", "Why?"),
            ("Where did the idea for {Xo} come from?", "Where did the idea come from?"),
            ("What influenced {Xo}?", "Any influences?"),
            ("What motivated the making of {Xo}?", "What was the motivation?"),
            ("Which experience lies at the root of {Xo}?", "Any personal experience behind it?"),
        ),
        answers=(
            "{name} goes back to {spark}, on a journey of {maker} to {other_town} in {spark_year}, and to {influence}.",
            (
                "{maker} was moved by {spark} near {other_town} in {spark_year}. The influence of {influence} "
                "on {name} is strong."
            ),
        ),
        hints=("inspiration", "influences", "idea", "motivation", "origin of the idea"),
        keywords=("inspiration idea", "influence", "motivation journey"),
    ),
    Facet(
        name="release",
        openers=(
            "The launch of {name} was an event.",
            "{name} was presented to the world with a sponsor.",
            "The opening of {name} was well financed, and the public came out in numbers.",
        ),
        sentences=(
            (
                "{name} was first {released} on {release_day} {release_year}.",
                "On {release_day} {release_year} {name} was {released} for the first time.",
                "{release_day} {release_year} saw {name} {released} at last.",
            ),
            (
                "The event took place in {venue} in {town}.",
                "It all happened in {venue} in {town}.",
                "{town} was host, in {venue}.",
            ),
            (
                "{org} bore the cost of {cost} crowns.",
                "The bill of {cost} crowns was settled by {org}.",
                "{org} advanced {cost} crowns for it.",
            ),
        ),
        questions=(
            ("When was {X} first {released}?", "First {released} when?"),
            ("Where was {X} first {released}?", "And where was it first {released}?"),
            ("How many crowns did the launch of {Xo} cost?", "How many crowns?"),
            ("When could the public first experience {Xo}?", "And the first time in public?"),
            ("Who financed the launch of {Xo}?", "Who paid for it?"),
            ("When was {X} presented to the world?", "Presented when?"),
            ("Where was {X} launched?", "And the launch?"),
            ("When did {X} come out?", "When did it come out?"),
            ("Where did the opening of {Xo} take place?", "And the opening?"),
            ("Who sponsored {Xo}?", "Any sponsor?"),
        ),
        answers=(
            (
                "{name} was first {released} in {venue} in {town} on {release_day} {release_year}, and {org} "
                "paid {cost} crowns for it."
            ),
            "It was in {release_year}, in {venue} in {town}. The {cost} crowns that {name} cost came from {org}.",
        ),
        hints=("premiere", "publication", "first showing", "release date", "sponsor", "venue"),
        keywords=("first release", "launch sponsor", "opening cost crowns"),
    ),
    Facet(
        name="adaptation",
        openers=(
            "There are other versions of {name}.",
            "{name} has been reworked and remade.",
            "A spin-off of {name} in another medium exists.",
        ),
        sentences=(
            (
                "{adapter} turned {name} into {new_form}, a new version, in {adapted}.",
                "In {adapted} {adapter} made a new version of {name}, {new_form}.",
                "{name} lived on in a new version, {new_form}, arranged by {adapter} in {adapted}.",
            ),
            (
                "{changed}, to the annoyance of purists.",
                "Loyal admirers were upset because {changed}.",
                "Controversially, {changed}.",
            ),
            (
                "On tour it was seen in {cities} cities.",
                "The tour called at {cities} cities.",
                "{cities} cities saw the result on tour.",
            ),
        ),
        questions=(
            ("How many cities did the new version of {Xo} tour?", "How many cities?"),
            ("Who made a new version of {Xo} to take on tour?", "And who took it on tour?"),
            ("Are there other versions of {Xo}?", "Other versions?"),
            ("Has {X} been remade?", "Any remakes?"),
            ("Which spin-offs of {Xo} exist?", "Spin-offs?"),
            ("Did anybody rework {Xo}?", "Was it ever reworked?"),
            ("Was {X} ever transferred to another medium?", "And in other media?"),
            ("What modern version of {Xo} can I see?", "Any modern version?"),
        ),
        answers=(
            "{adapter} made {new_form} of {name} in {adapted} and toured {cities} cities.",
            (
                "There is {new_form} based on {name}, by {adapter}, from {adapted}; in it, {changed}. It was "
                "seen in {cities} cities."
            ),
        ),
        hints=("adaptation", "remake", "version", "new form", "other medium"),
        keywords=("remake version", "spin-off other medium", "reworked tour"),
    ),
    Facet(
        name="custody",
        openers=(
            "{name} can be looked at today, in a fair condition.",
            "The museum that owns {name} looks after it well.",
            "{name} is worth a lot and has been damaged.",
        ),
        sentences=(
            (
                "The original of {name} is kept in {vault} in {other_town}.",
                "{vault} in {other_town} guards the original of {name}.",
                "Since {vault_year} the original of {name} has rested in {vault} in {other_town}.",
            ),
            (
                "Restorers treated it for {damage} in {restored}.",
                "In {restored} it was repaired after suffering {damage}.",
                "{damage} made repairs necessary in {restored}.",
            ),
            (
                "It is insured for {insured} crowns.",
                "Experts had it insured for {insured} crowns.",
                "It cannot be moved unless insured for {insured} crowns.",
            ),
        ),
        questions=(
            ("Where is the original of {Xo}?", "And the original?"),
            ("For how many crowns is {X} insured?", "Insured?"),
            ("Where is {X} today?", "Where is it today?"),
            ("Which museum owns {Xo}?", "Which museum has it?"),
            ("How much is {X} worth?", "What is it worth?"),
            ("What condition is {X} in?", "In what condition?"),
            ("Where can I look at {Xo} with my own eyes?", "Can I look at it?"),
            ("Has {X} been damaged?", "Damaged?"),
            ("Who looks after {Xo} now?", "Who looks after it now?"),
        ),
        answers=(
            (
                "The original of {name} is in {vault} in {other_town}. It had {damage}, was restored in "
                "{restored} and is insured for {insured} crowns."
            ),
            (
                "It is kept in {vault} in {other_town}, restored in {restored} after {damage}. {name} is "
                "insured for {insured} crowns."
            ),
        ),
        hints=("current location", "museum", "original", "restoration", "value", "damage"),
        keywords=("today museum", "original condition", "worth insured"),
    ),
    Facet(
        name="form",
        openers=(
            "In its style {name} is special.",
            "The structure of {name} is technically special.",
            "The dimensions and the stylistic features of {name} have been studied.",
        ),
        sentences=(
            (
                "{name} comprises {extent}.",
                "{extent} make up {name}.",
                "In its final shape {name} amounts to {extent}.",
            ),
            (
                "It is {technique}.",
                "From first to last it is {technique}.",
                "Unusually for its day, it is {technique}.",
            ),
            (
                "Scholars admire a trick with {device}.",
                "Its most copied trick is {device}.",
                "The main trick is the use of {device}.",
            ),
        ),
        questions=(
            ("What trick is {X} admired for?", "Any trick to it?"),
            ("Which trick in {Xo} did others copy?", "And the trick that others copied?"),
            ("How long or large is {X}?", "How long or large?"),
            ("What style is {X} in?", "And the style?"),
            ("What is special about {Xo} technically?", "Anything special technically?"),
            ("How is {X} structured?", "Structure?"),
            ("What are the dimensions of {Xo}?", "Dimensions?"),
            ("Which stylistic features mark {Xo}?", "Any stylistic features?"),
        ),
        answers=(
            "{name} comprises {extent}. It is {technique} and known for a trick with {device}.",
            "The {kind} is {technique}; it amounts to {extent}. What others copied from {name} is {device}.",
        ),
        hints=("length", "size", "style", "structure", "technique", "form"),
        keywords=("style structure", "dimensions trick", "technically special"),
    ),
)
