"""The facets of an organisation."""

from __future__ import annotations

from disco_pyserini.datasets.demo_world.facets import Facet

ASIDES = (
    "{person} and {other_person} both mention this in their memoirs.",
    "The matter was debated in {town} for weeks.",
    "Nobody in {other_town} took notice.",
    "{other_person} made fun of it in a toast.",
    "A copy of {work} in the hall has a note about it.",
)

FACETS = (
    Facet(
        name="founding",
        sentences=(
            (
                "{name} was founded in {year} by {person}.",
                "{person} set up {name} in {year}.",
                "In {year} {person} signed the deed that created {name}.",
                "The first meeting of {name} was called by {person} in {year}.",
            ),
            (
                "The purpose was {purpose}.",
                "The statutes give {purpose} as the aim.",
                "It was meant to serve {purpose}.",
            ),
            (
                "There were {first} founding signatures.",
                "{first} friends signed along.",
                "Only {first} people turned up that day.",
            ),
        ),
        questions=(
            ("Who started {Xo}?", "Who started it?"),
            ("When did {X} begin?", "Since when?"),
            ("What is the origin of {Xo}?", "And the origin?"),
            ("How long has {X} been around?", "How long has it been around?"),
            ("Why was {X} brought into being?", "What was the reason for starting it?"),
            ("Who had the idea for {Xo}?", "Whose idea was that?"),
        ),
        answers=(
            "{name} was founded by {person} in {year}.",
            "{person} started it, for the sake of {purpose}.",
            "It goes back to {year} and to {person}.",
        ),
        hints=("founder", "foundation", "establishment", "origin", "year of foundation"),
        keywords=("founder", "founded when", "origin purpose"),
    ),
    Facet(
        name="seat",
        sentences=(
            (
                "{name} occupies {a_house} in {town}.",
                "{a_house} in {town} houses {name}.",
                "The offices of {name} fill {a_house} in {town}.",
            ),
            (
                "The address is {number} {street}.",
                "It stands at {number} {street}.",
                "The brass plate hangs at {number} {street}.",
            ),
            (
                "Before {moved} it rented rooms in {other_town}.",
                "Until the move of {moved} it was quartered in {other_town}.",
                "The furniture came by cart from {other_town} in {moved}.",
            ),
        ),
        questions=(
            ("Where is {X} based?", "Based where?"),
            ("Where are the headquarters of {Xo}?", "And the headquarters?"),
            ("In which building can I find {Xo}?", "In which building?"),
            ("Where should I send mail for {Xo}?", "Where do I send mail?"),
            ("Which town is {X} in?", "Which town?"),
            ("Has {X} ever relocated?", "Ever relocated?"),
        ),
        answers=(
            "{name} is based in {town}, in {a_house}.",
            "At {number} {street} in {town}. It moved there from {other_town} in {moved}.",
            "Its home is {a_house} in {town}.",
        ),
        hints=("headquarters", "address", "building", "whereabouts", "offices", "relocation"),
        keywords=("headquarters", "address building", "location offices"),
    ),
    Facet(
        name="activity",
        sentences=(
            (
                "{name} devotes itself to {activity}.",
                "The daily business of {name} is {activity}.",
                "{name} earned its name by {activity}.",
                "What keeps {name} busy is {activity}.",
            ),
            (
                "Each year it completes {output} projects.",
                "It sees {output} projects through in a normal year.",
                "An average year brings {output} finished projects.",
            ),
            (
                "Customers come mainly for its {speciality}.",
                "Outsiders prize its {speciality}.",
                "A sideline is its {speciality}.",
            ),
        ),
        questions=(
            ("What does {X} do?", "What does it do?"),
            ("What kind of outfit is {X}?", "What kind of outfit?"),
            ("What is {X} good at?", "Good at what?"),
            ("What services does {X} offer?", "Services?"),
            ("What field is {X} active in?", "Which field?"),
            ("What is the mission of {Xo}?", "And the mission?"),
            ("What goes on at {Xo}?", "What goes on there?"),
        ),
        answers=(
            "{name} is busy with {activity}.",
            "Mainly {activity}, about {output} projects a year.",
            "It is known for {activity}, and for its {speciality}.",
        ),
        hints=("activities", "work", "projects", "services", "speciality", "field"),
        keywords=("activities", "what does", "services field"),
    ),
    Facet(
        name="leadership",
        sentences=(
            (
                "{leader} has chaired {name} since {leader_year}.",
                "At the top of {name} stands {leader}, elected in {leader_year}.",
                "In {leader_year} the board of {name} voted for {leader} as its head.",
            ),
            (
                "{former} held the chair before that.",
                "The predecessor was {former}.",
                "{former} stepped down to make room.",
            ),
            (
                "A chair's term lasts {term} years.",
                "Every {term} years there is a ballot.",
                "The rules allow {term} years in office.",
            ),
        ),
        questions=(
            ("Who runs {Xo}?", "Who runs it?"),
            ("Who is the boss of {Xo}?", "And the boss?"),
            ("Who is in charge of {Xo} at present?", "Who is in charge now?"),
            ("Who is the director of {Xo}?", "Director?"),
            ("Who leads {Xo}, and who did so earlier?", "Who leads, and who did earlier?"),
            ("How is {X} governed?", "How is it governed?"),
        ),
        answers=(
            "{leader} has led {name} since {leader_year}.",
            "Its head is {leader}, who followed {former}.",
            "{leader}; the term is {term} years.",
        ),
        hints=("leader", "director", "chair", "head", "president", "board"),
        keywords=("director", "head leader", "who runs", "chair"),
    ),
    Facet(
        name="members",
        sentences=(
            (
                "{name} counts {members} members.",
                "The rolls of {name} list {members} names.",
                "{members} women and men belong to {name}.",
            ),
            (
                "Newcomers must {test}.",
                "To be admitted one has to {test}.",
                "A candidate is asked to {test}.",
            ),
            (
                "They recognise each other by {badge}.",
                "All of them wear {badge}.",
                "Full rank is shown by {badge}.",
            ),
        ),
        questions=(
            ("How many people are in {Xo}?", "How many people?"),
            ("How do I join {Xo}?", "How do I join?"),
            ("How large is {X}?", "How large?"),
            ("What do applicants to {Xo} go through?", "And the applicants?"),
            ("Is there an initiation at {Xo}?", "Any initiation?"),
            ("Who can become part of {Xo}?", "Can anyone apply?"),
        ),
        answers=(
            "{name} has {members} members, and newcomers must {test}.",
            "You have to {test}. Members wear {badge}.",
            "About {members} people belong to it.",
        ),
        hints=("members", "membership", "joining conditions", "admission", "employees", "number"),
        keywords=("members", "how to join", "staff number", "admission"),
    ),
    Facet(
        name="funding",
        sentences=(
            (
                "{name} lives on {source}.",
                "The purse of {name} is filled by {source}.",
                "{source} keeps {name} afloat.",
                "For its upkeep {name} relies on {source}.",
            ),
            (
                "The budget stands at {budget} crowns.",
                "Yearly outlay comes to {budget} crowns.",
                "Its books balance at {budget} crowns.",
            ),
            (
                "In {gift_year} {donor} left it {gift}.",
                "{donor} bequeathed {gift} in {gift_year}.",
                "A will of {gift_year} brought {gift} from {donor}.",
            ),
        ),
        questions=(
            ("How is {X} financed?", "How is it financed?"),
            ("Where does {X} get its money?", "And the money?"),
            ("How rich is {X}?", "Rich?"),
            ("Who pays for {Xo}?", "Who pays for all that?"),
            ("Which benefactor supported {Xo}?", "Any benefactors?"),
            ("What does it cost to run {Xo}?", "And the costs?"),
            ("What are the finances of {Xo} like?", "What about finances?"),
        ),
        answers=(
            "{name} lives on {source} and spends {budget} crowns a year.",
            "{donor} once left it {gift}; otherwise it relies on {source}.",
            "Its money comes from {source}.",
        ),
        hints=("funding", "budget", "money", "donor", "income", "finance"),
        keywords=("funding", "budget donors", "money income"),
    ),
    Facet(
        name="crisis",
        sentences=(
            (
                "In {crisis_year} {name} nearly collapsed over {crisis}.",
                "{crisis} shook {name} in {crisis_year}.",
                "{name} came close to ruin in {crisis_year} because of {crisis}.",
            ),
            (
                "{closed} weeks passed before the doors opened again.",
                "It stayed shut for {closed} weeks.",
                "For {closed} weeks nobody was let in.",
            ),
            (
                "{rescuer} negotiated the settlement.",
                "A compromise was found by {rescuer}.",
                "It was {rescuer} who restored order.",
            ),
        ),
        questions=(
            ("Was there ever a scandal at {Xo}?", "Any scandals?"),
            ("What troubles has {X} been through?", "Was there trouble?"),
            ("Has {X} ever been in danger?", "Ever in danger?"),
            ("What was the darkest hour of {Xo}?", "And the darkest hour?"),
            ("Did {X} ever have to pause?", "Did it ever have to pause?"),
            ("Who saved {Xo} from ruin?", "Who saved it?"),
            ("What controversy surrounded {Xo}?", "Any controversy?"),
        ),
        answers=(
            "Yes, in {crisis_year} {crisis} almost ended {name}.",
            "{name} was closed for {closed} weeks in {crisis_year}.",
            "{crisis} was the low point, until {rescuer} stepped in.",
        ),
        hints=("crisis", "scandal", "closure", "trouble", "conflict", "rescue"),
        keywords=("crisis", "scandal", "trouble closure"),
    ),
    Facet(
        name="triumph",
        sentences=(
            (
                "The greatest moment of {name} came in {feat_year} with {feat}.",
                "{name} astonished the country in {feat_year} with {feat}.",
                "In {feat_year} {name} brought off {feat}.",
            ),
            (
                "{hero} had led the team of {team}.",
                "Behind it stood {hero} and a team of {team}.",
                "A team of {team} under {hero} had worked in secret.",
            ),
            (
                "{other_person} sent a telegram of congratulation.",
                "A banquet in {town} went on until dawn.",
                "A bell was rung in {town}.",
            ),
        ),
        questions=(
            ("What is the biggest achievement of {Xo}?", "Any achievements?"),
            ("What has {X} accomplished?", "Accomplishments?"),
            ("What was the finest hour of {Xo}?", "And the finest hour?"),
            ("Which breakthrough is credited to {Xo}?", "Any breakthroughs?"),
            ("What success is {X} proud of?", "And successes?"),
            ("What put {Xo} in the headlines?", "What about headlines?"),
        ),
        answers=(
            "Its finest hour was {feat} in {feat_year}.",
            "{name} is proud of {feat}, led by {hero}.",
            "In {feat_year}, {hero} and a team of {team} achieved {feat}.",
        ),
        hints=("achievement", "success", "record", "breakthrough", "team"),
        keywords=("achievement", "success", "breakthrough"),
    ),
)
