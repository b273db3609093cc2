"""The facets of a work of art."""

from __future__ import annotations

from disco_pyserini.datasets.demo_world.facets import Facet

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
            "That was {maker}, {a_job}.",
            "{name} is by {maker} and dates from {year}.",
        ),
        hints=("author", "creator", "artist", "year of creation", "maker"),
        keywords=("author", "creator year", "who made"),
        also=(("maker", "masterpiece"),),
    ),
    Facet(
        name="subject",
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
                "{second} appears as an emblem of {theme}.",
                "Through {second} the question of {theme} enters.",
            ),
        ),
        questions=(
            ("What is {X} about?", "What is it about?"),
            ("Who is the main character of {Xo}?", "Main character?"),
            ("What is the story of {Xo}?", "And the story?"),
            ("What does {X} deal with?", "Which topics?"),
            ("Where is {X} set?", "And where is it set?"),
            ("What topics does {X} explore?", "Any deeper topics?"),
            ("Can you summarise {Xo}?", "Can you summarise it?"),
        ),
        answers=(
            "{name} {tells} {actor} {action}.",
            "It is about {actor}, in {setting}. The theme is {theme}.",
            "{actor} {action}, basically; {second} appears as well.",
        ),
        hints=("plot", "subject", "main figure", "setting", "theme", "summary"),
        keywords=("plot", "subject theme", "setting characters", "summary"),
    ),
    Facet(
        name="reception",
        sentences=(
            (
                "Critics called {name} {verdict}.",
                "The first reviews of {name} found it {verdict}.",
                "{name} struck the press as {verdict}.",
            ),
            (
                "{critic} of the {paper} wrote that it was {second_verdict}.",
                "Only {critic}, writing in the {paper}, thought it {second_verdict}.",
                "In the {paper} {critic} judged it {second_verdict}.",
            ),
            (
                "Within {weeks} weeks {count} {audience} had paid to enjoy it.",
                "{count} {audience} came to know it in {weeks} weeks.",
                "It reached {count} {audience} in the first {weeks} weeks.",
            ),
        ),
        questions=(
            ("How was {X} received?", "And how was that received?"),
            ("Was {X} a success?", "A success?"),
            ("What did people think of {Xo} at the time?", "What did people think?"),
            ("Was {X} popular?", "Popular?"),
            ("What opinions were voiced on {Xo}?", "Any opinions?"),
            ("Did everybody like {Xo}?", "Did everybody like it?"),
            ("How did the public react to {Xo}?", "And the public?"),
        ),
        answers=(
            "Critics found {name} {verdict}, though {critic} thought it {second_verdict}.",
            "It reached {count} {audience} in {weeks} weeks.",
            "The press called {name} {verdict}.",
        ),
        hints=("reviews", "critics", "reception", "press", "success", "audience reaction"),
        keywords=("reviews", "critical reception", "success audience"),
    ),
    Facet(
        name="inspiration",
        sentences=(
            (
                "The spark for {name} was {spark}.",
                "{name} grew out of {spark}.",
                "{maker} said that {name} began with {spark}.",
                "Without {spark} there would be no {name}.",
            ),
            (
                "That happened in {spark_year}, on a journey to {other_town}.",
                "The episode dates from {spark_year}, during a stay in {other_town}.",
                "It occurred near {other_town} in {spark_year}.",
            ),
            (
                "Traces of {influence} are easy to spot.",
                "{maker_last} also borrowed from {influence}.",
                "A debt to {influence} is plain as well.",
            ),
        ),
        questions=(
            ("What inspired {Xo}?", "What was the inspiration?"),
            ("Why did the artist create {Xo}?", "Why?"),
            ("Where did the idea for {Xo} come from?", "Where did the idea come from?"),
            ("What influenced {Xo}?", "Any influences?"),
            ("What motivated the making of {Xo}?", "What was the motivation?"),
            ("Which experience lies at the root of {Xo}?", "Any personal experience behind it?"),
        ),
        answers=(
            "{name} was inspired by {spark} in {spark_year}.",
            "{spark}, seen on a trip to {other_town}, gave {maker} the idea.",
            "The influence of {influence} is strong in {name}.",
        ),
        hints=("inspiration", "influences", "idea", "motivation", "origin of the idea"),
        keywords=("inspiration", "influences", "idea motivation"),
    ),
    Facet(
        name="release",
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
            ("When could the public first experience {Xo}?", "And the first time in public?"),
            ("Who financed the launch of {Xo}?", "Who paid for it?"),
            ("When was {X} presented to the world?", "Presented when?"),
            ("Where was {X} launched?", "And the launch?"),
            ("When did {X} come out?", "When did it come out?"),
            ("Where did the opening of {Xo} take place?", "And the opening?"),
            ("Who sponsored {Xo}?", "Any sponsor?"),
        ),
        answers=(
            "{name} was first {released} in {town} in {release_year}, paid for by {org}.",
            "It came out on {release_day} {release_year}.",
            "{org} financed it; the place was {venue} in {town}.",
        ),
        hints=("premiere", "publication", "first showing", "release date", "sponsor", "venue"),
        keywords=("release date", "premiere", "first publication sponsor"),
    ),
    Facet(
        name="adaptation",
        sentences=(
            (
                "{adapter} turned {name} into {new_form} in {adapted}.",
                "In {adapted} {adapter} made {new_form} out of {name}.",
                "{name} lived on as {new_form}, arranged by {adapter} in {adapted}.",
            ),
            (
                "{changed}, which annoyed purists.",
                "Loyal admirers were upset because {changed}.",
                "Controversially, {changed}.",
            ),
            (
                "It toured {cities} cities.",
                "The tour called at {cities} cities.",
                "{cities} cities saw the result.",
            ),
        ),
        questions=(
            ("Are there other versions of {Xo}?", "Other versions?"),
            ("Has {X} been remade?", "Any remakes?"),
            ("Which spin-offs of {Xo} exist?", "Spin-offs?"),
            ("Did anybody rework {Xo}?", "Was it ever reworked?"),
            ("Was {X} ever transferred to another medium?", "And in other media?"),
            ("What modern version of {Xo} can I see?", "Any modern version?"),
        ),
        answers=(
            "Yes, {adapter} made {new_form} of {name} in {adapted}.",
            "There is {new_form} from {adapted}, in which {changed}.",
            "{adapter}'s version of {name} toured {cities} cities.",
        ),
        hints=("adaptation", "remake", "version", "adapted", "other medium"),
        keywords=("adaptation", "remake version", "arrangement"),
    ),
    Facet(
        name="custody",
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
                "Insurers value it at {insured} crowns.",
                "A thief would have to answer for {insured} crowns.",
            ),
        ),
        questions=(
            ("Where is {X} today?", "Where is it today?"),
            ("Which museum owns {Xo}?", "Which museum has it?"),
            ("How much is {X} worth?", "What is it worth?"),
            ("What condition is {X} in?", "In what condition?"),
            ("Where can I look at {Xo} with my own eyes?", "Can I look at it?"),
            ("Has {X} been damaged?", "Damaged?"),
            ("Who looks after {Xo} now?", "Who looks after it now?"),
        ),
        answers=(
            "The original of {name} is in {vault} in {other_town}.",
            "It had {damage} but was restored in {restored}.",
            "{name} is in {other_town} and is insured for {insured} crowns.",
        ),
        hints=("current location", "museum", "original", "restoration", "value", "damage"),
        keywords=("current location", "museum original", "value restoration"),
    ),
    Facet(
        name="form",
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
                "Scholars admire the way it handles {device}.",
                "Its most copied trick is {device}.",
                "The use of {device} sets it apart.",
            ),
        ),
        questions=(
            ("How long or large is {X}?", "How long or large?"),
            ("What style is {X} in?", "And the style?"),
            ("What is special about {Xo} technically?", "Anything special technically?"),
            ("How is {X} structured?", "Structure?"),
            ("What are the dimensions of {Xo}?", "Dimensions?"),
            ("Which stylistic features mark {Xo}?", "Any stylistic features?"),
        ),
        answers=(
            "{name} comprises {extent}.",
            "It is {technique} and known for {device}.",
            "The {kind} is {technique}; it amounts to {extent}.",
        ),
        hints=("length", "size", "style", "structure", "technique", "form"),
        keywords=("length style", "structure", "dimensions technique", "form"),
    ),
)
