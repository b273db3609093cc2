"""The facets of a place."""

from __future__ import annotations

from disco_pyserini.datasets.demo_world.facets import Facet

ASIDES = (
    "{person}, the {person_job}, complained about it more than once.",
    "Visitors from {other} find this hard to believe.",
    "A page of {work} alludes to it.",
    "{org} has printed a leaflet on the subject.",
    "In {other} they tell jokes about it.",
)

FACETS = (
    Facet(
        name="founding",
        sentences=(
            (
                "{name} was founded in {founded} by {founders}.",
                "In {founded} {founders} put up the first huts of {name}.",
                "{founders} established {name} in {founded}.",
                "The charter of {name} dates from {founded} and names {founders}.",
            ),
            (
                "They chose the spot because of {reason}.",
                "What drew them was {reason}.",
                "The reason for settling was {reason}.",
            ),
            (
                "A fire in {fire} destroyed all but {survivors} houses.",
                "Only {survivors} houses survived the blaze of {fire}.",
                "In {fire} flames spared just {survivors} houses.",
            ),
        ),
        questions=(
            ("How old is {X}?", "How old?"),
            ("Who were the first inhabitants of {Xo}?", "Who lived there first?"),
            ("What is the history of {Xo}?", "And the history?"),
            ("How did {X} come into being?", "How did it all begin?"),
            ("What disaster struck {Xo} long ago?", "Any disasters in the past?"),
            ("When did people begin to live in {Xo}?", "What about {Xs} past?"),
        ),
        answers=(
            "{name} was founded in {founded} by {founders}.",
            "It goes back to {founded}, when {founders} came for {reason}.",
            "{name} is old: the charter is from {founded}. Much of it burned down in {fire}.",
        ),
        hints=("foundation", "origin", "settlers", "history", "establishment", "great fire"),
        keywords=("history founded", "origin", "founding date settlers"),
    ),
    Facet(
        name="location",
        sentences=(
            (
                "{name} is {a_kind} on the {bank} bank of the {river}.",
                "{name}, {a_kind}, straddles the {river} just above its {bank} fork.",
                "The {river} loops around {name}, {a_kind}, on its {bank} side.",
            ),
            (
                "It belongs to the province of {region} and stands {height} metres above the sea.",
                "The surrounding province is {region}; the altitude is {height} metres.",
                "Surveyors give {height} metres of elevation for this corner of {region}.",
            ),
            (
                "{other} is {distance} kilometres to the {direction}.",
                "A walk of {distance} kilometres {direction} leads to {other}.",
                "Its neighbour {other} lies {distance} kilometres further {direction}.",
            ),
        ),
        questions=(
            ("Where is {X}?", "Where is that?"),
            ("Whereabouts on the map do I find {Xo}?", "Whereabouts exactly?"),
            ("What is the geographical setting of {Xo}?", "And the geography?"),
            ("Which waterway flows past {Xo}?", "Any waterway?"),
            ("How high up is {X}?", "How high up?"),
            ("In which part of the country is {X} situated?", "Which part of the country?"),
            ("What is there in the vicinity of {Xo}?", "What is nearby?"),
        ),
        answers=(
            "{name} lies on the {river} in the province of {region}, not far from {other}.",
            "It is {a_kind} in {region}, {distance} kilometres from {other}.",
            "{name} is at {height} metres on the {river}.",
        ),
        hints=("location", "river", "province", "altitude", "region", "map", "neighbouring towns"),
        keywords=("location", "where region river", "geography altitude"),
    ),
    Facet(
        name="climate",
        sentences=(
            (
                "Winters in {name} are {winter}, and the thermometer averages {cold} degrees in January.",
                "{name} has {winter} winters, with a January mean of {cold} degrees.",
                "January in {name} is {winter}, with {cold} degrees at noon.",
            ),
            (
                "About {rain} millimetres of rain fall each year.",
                "Gauges collect {rain} millimetres of rain annually.",
                "The yearly rainfall comes to {rain} millimetres.",
            ),
            (
                "In {fog} {wind} brings {nuisance}.",
                "{wind} sweeps in every {fog}, and with it {nuisance}.",
                "Dreaded above all is {wind}, which blows in {fog} and carries {nuisance}.",
            ),
        ),
        questions=(
            ("What is the climate like in {Xo}?", "What about {Xs} climate?"),
            ("What should I pack for the weather in {Xo}?", "And the weather?"),
            ("How wet does it get in {Xo}?", "Do I need an umbrella?"),
            ("Is it chilly in {Xo} during the cold season?", "Chilly?"),
            ("Which season should I avoid for a trip to {Xo}?", "Any season to avoid?"),
            ("Is {X} stormy?", "Stormy?"),
        ),
        answers=(
            "{name} has {winter} winters and {rain} millimetres of rain a year.",
            "Expect {wind} in {fog}. January averages {cold} degrees.",
            "Winters are {winter}; in {fog} there is {wind}.",
        ),
        hints=("climate", "weather", "temperature", "rainfall", "wind", "winter", "season"),
        keywords=("climate", "weather temperature", "rain wind"),
    ),
    Facet(
        name="economy",
        sentences=(
            (
                "{name} lives by {industry}.",
                "Most pay packets in {name} come from {industry}.",
                "{industry} feeds the households of {name}.",
                "The wealth of {name} was built on {industry}.",
            ),
            (
                "Some {workers} hands are needed for it.",
                "{workers} people draw their wages there.",
                "The trade employs {workers} men and women.",
            ),
            (
                "Until {bust} {old_industry} mattered more.",
                "{old_industry} died out in {bust}.",
                "Its former mainstay, {old_industry}, collapsed in {bust}.",
            ),
            (
                "Orders from {org} fill the books.",
                "{org} is a faithful customer.",
                "Merchants from {other} buy nearly everything.",
            ),
        ),
        questions=(
            ("What do people in {Xo} do for work?", "And work?"),
            ("Which business sustains {Xo}?", "Any business?"),
            ("How does {X} make its money?", "What about {Xs} income?"),
            ("What is produced in {Xo}?", "What is produced there?"),
            ("Is {X} prosperous, and why?", "Prosperous?"),
            ("Which sector has {X} lost?", "And what was lost?"),
            ("How does the economy of {Xo} work?", "And the economy?"),
        ),
        answers=(
            "{name} depends on {industry}, with some {workers} workers.",
            "Mostly {industry}; {org} is among the customers.",
            "It used to be {old_industry}, but today {name} lives by {industry}.",
        ),
        hints=("economy", "industry", "employment", "trade", "workers", "production"),
        keywords=("economy", "industry jobs", "main trade"),
    ),
    Facet(
        name="landmark",
        sentences=(
            (
                "The skyline of {name} is dominated by {a_building} of {material}.",
                "Above the roofs of {name} rises {a_building} made of {material}.",
                "{a_building}, all in {material}, is the pride of {name}.",
                "Postcards of {name} show {a_building} built of {material}.",
            ),
            (
                "{architect} drew the plans in {built}.",
                "It was designed by {architect} and completed in {built}.",
                "{architect} finished it in {built}.",
            ),
            (
                "{steps} steps lead to the top.",
                "Climbing it means {steps} steps.",
                "Inside hangs a portrait of {person}, {steps} steps up.",
            ),
        ),
        questions=(
            ("What sights are there in {Xo}?", "Any sights?"),
            ("What architecture is worth seeing in {Xo}?", "And the architecture?"),
            ("What should a tourist visit in {Xo}?", "What should I visit?"),
            ("Which monument is {X} famous for?", "Monuments?"),
            ("Is there an impressive edifice in {Xo}?", "Anything impressive to look at?"),
            ("What would be on a postcard from {Xo}?", "Anything for a postcard?"),
        ),
        answers=(
            "The main sight of {name} is {a_building} of {material}, by {architect}.",
            "See the {building}: {architect} built it in {built}.",
            "{name} has {a_building} with {steps} steps.",
        ),
        hints=("landmark", "building", "sights", "tourism", "monument", "architect", "tower"),
        keywords=("sights", "landmark building", "architecture", "tourist attraction"),
    ),
    Facet(
        name="population",
        sentences=(
            (
                "The census of {census} counted {people} residents in {name}.",
                "{name} had {people} residents in {census}.",
                "At the last count, in {census}, {people} souls were registered in {name}.",
            ),
            (
                "At home {share} per cent of them speak {dialect}.",
                "{dialect} is the mother tongue of {share} per cent.",
                "Roughly {share} per cent converse in {dialect}.",
            ),
            (
                "They call themselves {demonym}.",
                "A native is nicknamed one of the {demonym}.",
                "Their nickname across the province is the {demonym}.",
            ),
        ),
        questions=(
            ("How many people live in {Xo}?", "How many people?"),
            ("How big is {X}?", "How big?"),
            ("Which language do the locals of {Xo} use?", "And the language?"),
            ("What are the inhabitants of {Xo} called?", "What are the locals called?"),
            ("What is known about the demographics of {Xo}?", "Demographics?"),
            ("What is spoken in {Xo}?", "Spoken language?"),
        ),
        answers=(
            "{name} had {people} inhabitants in {census}, and {share} per cent speak {dialect}.",
            "{people} people live there. They call themselves {demonym}.",
            "The locals of {name} are known as {demonym}; the language is {dialect}.",
        ),
        hints=("population", "census", "inhabitants", "language", "dialect", "residents"),
        keywords=("population", "inhabitants number", "language dialect"),
    ),
    Facet(
        name="food",
        sentences=(
            (
                "On feast days every kitchen in {name} serves {dish}.",
                "The signature plate of {name} is {dish}.",
                "Cooks in {name} swear by {dish}.",
                "{dish} is on every menu in {name}.",
            ),
            (
                "It is washed down with {drink}.",
                "With it comes a glass of {drink}.",
                "{drink} goes with it.",
            ),
            (
                "Every {feast} a fair is held in its honour.",
                "The best batch is judged at a contest each {feast}.",
                "Tradition wants it on the table by {feast}.",
            ),
        ),
        questions=(
            ("What is there to eat in {Xo}?", "What is there to eat?"),
            ("What are the culinary specialities of {Xo}?", "Local specialities?"),
            ("What should I order in a restaurant in {Xo}?", "What should I order?"),
            ("What do they drink in {Xo}?", "And drink?"),
            ("What does the cuisine of {Xo} taste like?", "What about the cuisine?"),
            ("I'm hungry: what would I be given in {Xo}?", "Anything tasty?"),
        ),
        answers=(
            "Try {dish}, with {drink}.",
            "The speciality of {name} is {dish}.",
            "People in {name} eat {dish}, above all around {feast}.",
        ),
        hints=("food", "dish", "cuisine", "speciality", "drink", "restaurant", "meal"),
        keywords=("food", "local dish", "cuisine drink", "speciality"),
    ),
    Facet(
        name="transport",
        sentences=(
            (
                "The railway came to {name} in {rail}.",
                "Since {rail} trains have stopped at {name}.",
                "{name} got its station in {rail}.",
                "Steam engines first whistled in {name} in {rail}.",
            ),
            (
                "{trains} services a day link it with {other}.",
                "There are {trains} departures daily for {other}.",
                "To {other} one may choose among {trains} connections a day.",
            ),
            (
                "{crossing} carries carts and bicycles across the {river}.",
                "The {river} is crossed by {crossing}.",
                "For the {river} there is {crossing}.",
            ),
        ),
        questions=(
            ("How do I get to {Xo}?", "How do I get there?"),
            ("Can I travel to {Xo} without a car?", "Without a car?"),
            ("What public transport serves {Xo}?", "And public transport?"),
            ("How does one reach {Xo}?", "How would one travel?"),
            ("Is {X} well connected?", "Well connected?"),
            ("How can I cross the water in {Xo}?", "And across the water?"),
        ),
        answers=(
            "There are {trains} trains a day between {name} and {other}.",
            "{name} has had a station since {rail}.",
            "By rail from {other}; the {river} is crossed by {crossing}.",
        ),
        hints=("transport", "railway", "train", "station", "ferry", "connections", "travel"),
        keywords=("transport", "train station", "how to reach", "railway"),
    ),
)
