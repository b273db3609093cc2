"""The facets of an organisation."""

from __future__ import annotations

from disco_pyserini.demo_world.facets import Facet

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
        openers=(
            "The origin of {name} is a simple idea.",
            "{name} started small and began with an idea.",
            "{name} has been around for long.",
        ),
        sentences=(
            (
                "{name} was founded in {year} by {person}.",
                "{person} set up {name} in {year}.",
                "In {year} {person} signed the deed that created {name}.",
                "The first meeting of {name} was called by {person} in {year}.",
            ),
            (
                "The purpose was {purpose}.",
                "The statutes give {purpose} as the purpose.",
                "It was meant to serve one purpose, {purpose}.",
            ),
            (
                "There were {first} signatures under the statutes of {name}.",
                "{first} friends signed along.",
                "Only {first} people turned up that day.",
            ),
        ),
        questions=(
            ("For what purpose was {X} founded?", "For what purpose?"),
            ("Who started {Xo}?", "Who started it?"),
            ("When did {X} begin?", "Since when?"),
            ("What is the origin of {Xo}?", "And the origin?"),
            ("How long has {X} been around?", "How long has it been around?"),
            ("Why was {X} brought into being?", "What was the reason for starting it?"),
            ("Who had the idea for {Xo}?", "Whose idea was that?"),
        ),
        answers=(
            "{name} was founded by {person} in {year} for {purpose}.",
            "{person} started it in {year}. The purpose of {name} was {purpose}.",
        ),
        hints=("founder", "foundation", "establishment", "origin", "year of foundation"),
        keywords=("origin founded", "who started when", "purpose idea"),
    ),
    Facet(
        name="seat",
        openers=(
            "{name} is based in a building of note.",
            "The headquarters of {name} are easy to find.",
            "Mail for {name} goes to one town.",
        ),
        sentences=(
            (
                "{name} occupies {a_house} in {town}.",
                "{a_house} in {town} houses {name}.",
                "The offices of {name} fill {a_house} in {town}.",
            ),
            (
                "The address is {number} {street}.",
                "{name} has the address {number} {street}.",
                "The brass plate gives the address as {number} {street}.",
            ),
            (
                "Before {moved} {name} rented rooms in {other_town}.",
                "Until the move of {moved} it was quartered in {other_town}.",
                "The furniture came by cart from {other_town} in {moved}.",
            ),
        ),
        questions=(
            ("What is the address of {Xo}?", "And the address?"),
            ("Where is {X} based?", "Based where?"),
            ("Where are the headquarters of {Xo}?", "And the headquarters?"),
            ("In which building can I find {Xo}?", "In which building?"),
            ("Where should I send mail for {Xo}?", "Where do I send mail?"),
            ("Which town is {X} in?", "Which town?"),
            ("Has {X} ever relocated?", "Ever relocated?"),
        ),
        answers=(
            "{name} is based in {a_house} at {number} {street} in {town}; it was in {other_town} until {moved}.",
            "At {number} {street} in {town}, in {a_house}. {name} moved there from {other_town} in {moved}.",
        ),
        hints=("headquarters", "address", "building", "whereabouts", "offices", "relocation"),
        keywords=("headquarters address", "building town", "based relocated"),
    ),
    Facet(
        name="activity",
        openers=(
            "The mission of {name} is peculiar.",
            "{name} is active in a small field and offers its services to all.",
            "{name} is good at one kind of service.",
        ),
        sentences=(
            (
                "{name} devotes itself to {activity}.",
                "The daily business of {name} is {activity}.",
                "{name} earned its name by {activity}.",
                "{name} keeps busy with {activity}.",
            ),
            (
                "Each year {name} completes {output} projects.",
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
            ("What projects does {X} carry out?", "Which projects?"),
            ("How many projects does {X} complete in a year?", "How many projects in a year?"),
            ("What does {X} do?", "What does it do?"),
            ("What kind of outfit is {X}?", "What kind of outfit?"),
            ("What is {X} good at?", "Good at what?"),
            ("What services does {X} offer?", "Services?"),
            ("What field is {X} active in?", "Which field?"),
            ("What is the mission of {Xo}?", "And the mission?"),
            ("What goes on at {Xo}?", "What goes on there?"),
        ),
        answers=(
            "{name} is busy with {activity}, about {output} projects a year, and known for its {speciality}.",
            (
                "Mainly {activity}: {name} carries out {output} projects a year. Its {speciality} should be "
                "mentioned, too."
            ),
        ),
        hints=("activities", "work", "projects", "services", "speciality", "field"),
        keywords=("mission", "what does, projects", "services field"),
    ),
    Facet(
        name="leadership",
        openers=(
            "The boss of {name} leads with a firm hand.",
            "The director of {name} is the boss in every way.",
            "{name} is governed by one person in charge.",
        ),
        sentences=(
            (
                "{leader} has chaired {name} since {leader_year}.",
                "At the top of {name} stands {leader}, elected in {leader_year}.",
                "In {leader_year} the board of {name} voted for {leader} as its head.",
            ),
            (
                "{former} held the chair before that.",
                "The chair before was {former}.",
                "{former} held the chair earlier and stepped down to make room.",
            ),
            (
                "A chair of {name} serves for {term} years.",
                "Every {term} years there is a ballot.",
                "The rules allow {term} years in office.",
            ),
        ),
        questions=(
            ("Who holds the chair of {Xo}?", "And the chair?"),
            ("Who held the chair of {Xo} before?", "And before that, who held the chair?"),
            ("Who runs {Xo}?", "Who runs it?"),
            ("Who is the boss of {Xo}?", "And the boss?"),
            ("Who is in charge of {Xo} at present?", "Who is in charge now?"),
            ("Who is the director of {Xo}?", "Director?"),
            ("Who leads {Xo}, and who did so earlier?", "Who leads, and who did earlier?"),
            ("How is {X} governed?", "How is it governed?"),
        ),
        answers=(
            "{leader} has led {name} since {leader_year} and followed {former}; the term is {term} years.",
            "Its head is {leader}, elected in {leader_year} after {former}. At {name} a term lasts {term} years.",
        ),
        hints=("leader", "director", "chair", "head", "president", "board"),
        keywords=("director boss", "who runs, chair", "in charge"),
    ),
    Facet(
        name="members",
        openers=(
            "Many people would like to join {name}.",
            "The initiation of applicants to {name} is famous.",
            "{name} is large, and people take part with joy.",
        ),
        sentences=(
            (
                "{name} counts {members} members.",
                "The rolls of {name} list {members} members.",
                "{members} women and men are members of {name}.",
            ),
            (
                "Newcomers to {name} must {test}.",
                "To be admitted one has to {test}.",
                "A candidate is asked to {test}.",
            ),
            (
                "They wear {badge} to recognise each other.",
                "All of {name} wear {badge}.",
                "Those of full rank wear {badge}.",
            ),
        ),
        questions=(
            ("How many members does {X} have?", "How many members?"),
            ("What do the members of {Xo} wear?", "And what do the members wear?"),
            ("How many people are in {Xo}?", "How many people?"),
            ("How do I join {Xo}?", "How do I join?"),
            ("How large is {X}?", "How large?"),
            ("What do applicants to {Xo} go through?", "And the applicants?"),
            ("Is there an initiation at {Xo}?", "Any initiation?"),
            ("Who can become part of {Xo}?", "Can anyone apply?"),
        ),
        answers=(
            "{name} has {members} members, who wear {badge}, and newcomers must {test}.",
            "To get in you have to {test}. The {members} members of {name} wear {badge}.",
        ),
        hints=("members", "membership", "joining conditions", "admission", "employees", "number"),
        keywords=("members number", "how to join", "initiation applicants"),
    ),
    Facet(
        name="funding",
        openers=(
            "The finances of {name} are sound.",
            "{name} gets its money and pays its costs in public.",
            "{name} has a benefactor and is well financed.",
        ),
        sentences=(
            (
                "{name} lives on {source}.",
                "The purse of {name} is filled by {source}.",
                "{source} keeps {name} afloat.",
                "For its upkeep {name} relies on {source}.",
            ),
            (
                "The budget of {name} stands at {budget} crowns.",
                "The yearly budget comes to {budget} crowns.",
                "Its budget is balanced at {budget} crowns.",
            ),
            (
                "In {gift_year} {donor} left {name} {gift} in a will.",
                "The will of {donor} left it {gift} in {gift_year}.",
                "{donor} died in {gift_year} and left it {gift} by will.",
            ),
        ),
        questions=(
            ("How large is the budget of {Xo}?", "And the budget?"),
            ("Who left something to {Xo} in a will?", "Anything left in a will?"),
            ("How is {X} financed?", "How is it financed?"),
            ("Where does {X} get its money?", "And the money?"),
            ("How rich is {X}?", "Rich?"),
            ("Who pays for {Xo}?", "Who pays for all that?"),
            ("Which benefactor supported {Xo}?", "Any benefactors?"),
            ("What does it cost to run {Xo}?", "And the costs?"),
            ("What are the finances of {Xo} like?", "What about finances?"),
        ),
        answers=(
            "{name} lives on {source} and spends {budget} crowns a year; {donor} left it {gift}.",
            "The money comes from {source}, and {donor} once gave {gift}. {name} has a budget of {budget} crowns.",
        ),
        hints=("funding", "budget", "money", "donor", "income", "finance"),
        keywords=("money budget", "finances benefactor", "who pays, will"),
    ),
    Facet(
        name="crisis",
        openers=(
            "{name} has seen trouble and danger.",
            "There has been a scandal at {name}.",
            "The darkest hour of {name} was a controversy.",
        ),
        sentences=(
            (
                "In {crisis_year} {name} nearly collapsed over {crisis}.",
                "{crisis} shook {name} in {crisis_year}.",
                "{name} came close to ruin in {crisis_year} because of {crisis}.",
            ),
            (
                "{closed} weeks passed before {name} opened its doors again.",
                "{name} stayed shut for {closed} weeks.",
                "For {closed} weeks nobody was let in.",
            ),
            (
                "{rescuer} negotiated the settlement.",
                "A compromise was found by {rescuer}.",
                "Order was restored by {rescuer}.",
            ),
        ),
        questions=(
            ("For how many weeks was {X} closed?", "For how many weeks?"),
            ("Was there ever a scandal at {Xo}?", "Any scandals?"),
            ("What troubles has {X} been through?", "Was there trouble?"),
            ("Has {X} ever been in danger?", "Ever in danger?"),
            ("What was the darkest hour of {Xo}?", "And the darkest hour?"),
            ("Did {X} ever have to pause?", "Did it ever have to pause?"),
            ("Who saved {Xo} from ruin?", "Who saved it?"),
            ("What controversy surrounded {Xo}?", "Any controversy?"),
        ),
        answers=(
            (
                "In {crisis_year} {crisis} almost ended {name}, which closed for {closed} weeks until {rescuer} "
                "stepped in."
            ),
            "The low point was {crisis} in {crisis_year}. {rescuer} saved {name}, which was shut for {closed} weeks.",
        ),
        hints=("crisis", "scandal", "closure", "trouble", "conflict", "rescue"),
        keywords=("scandal", "trouble closed weeks", "danger controversy"),
    ),
    Facet(
        name="triumph",
        openers=(
            "The biggest achievement of {name} made headlines.",
            "{name} is proud of one success.",
            "The finest hour of {name} was a breakthrough.",
        ),
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
                "A banquet of {name} in {town} went on until dawn.",
                "A bell was rung in {town}.",
            ),
        ),
        questions=(
            ("Who led the team at {Xo} to success?", "Who led the team?"),
            ("How large was the winning team of {Xo}?", "And the team?"),
            ("What is the biggest achievement of {Xo}?", "Any achievements?"),
            ("What has {X} accomplished?", "Accomplishments?"),
            ("What was the finest hour of {Xo}?", "And the finest hour?"),
            ("Which breakthrough is credited to {Xo}?", "Any breakthroughs?"),
            ("What success is {X} proud of?", "And successes?"),
            ("What put {Xo} in the headlines?", "What about headlines?"),
        ),
        answers=(
            "In {feat_year}, {hero} and a team of {team} brought {name} its finest hour with {feat}.",
            "It is {feat}, of {feat_year}. {hero} led the team of {team} at {name}.",
        ),
        hints=("achievement", "success", "record", "breakthrough", "team"),
        keywords=("achievement success", "finest hour team", "breakthrough headlines"),
    ),
)
