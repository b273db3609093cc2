"""The facets of a place."""

from __future__ import annotations

from disco_pyserini.demo_world.facets import Facet

ASIDES = (
    "{person}, the {person_job}, complained more than once.",
    "Visitors from {other} hardly believe it.",
    "A page of {work} alludes to it.",
    "{org} has printed a leaflet on the subject.",
    "There are jokes on the matter in {other}.",
)

FACETS = (
    Facet(
        name="founding",
        openers=(
            "The history of {name} is a long one.",
            "{name} is old, and its first inhabitants had a hard life.",
            "People began to live in {name} a long time ago, after a disaster.",
        ),
        sentences=(
            (
                "{name} was founded in {founded} by {founders}.",
                "{name} was founded by {founders}, and the first huts date from {founded}.",
                "{founders} established {name} in {founded}.",
                "The charter of {name} dates from {founded} and names {founders}.",
            ),
            (
                "They chose {name} because of {reason}.",
                "They were drawn to {name} by {reason}.",
                "The reason for settling was {reason}.",
            ),
            (
                "A great fire in {fire} destroyed all but {survivors} houses.",
                "Only {survivors} houses survived the great fire of {fire}.",
                "In {fire} a great fire spared just {survivors} houses.",
            ),
        ),
        questions=(
            ("When was the great fire in {Xo}?", "And the great fire?"),
            ("Who founded {Xo}?", "Founded by whom?"),
            ("How old is {X}?", "How old?"),
            ("Who were the first inhabitants of {Xo}?", "Who lived there first?"),
            ("What is the history of {Xo}?", "And the history?"),
            ("How did {X} come into being?", "How did it all begin?"),
            ("What disaster struck {Xo} long ago?", "Any disasters in the past?"),
            ("When did people begin to live in {Xo}?", "What about {Xs} past?"),
        ),
        answers=(
            "{name} was founded in {founded} by {founders}, who came for {reason}; much of it burned down in {fire}.",
            (
                "It goes back to {founded}, when {founders} settled at {name}. A fire left {survivors} houses "
                "standing in {fire}."
            ),
        ),
        hints=("foundation", "origin", "settlers", "history", "establishment", "great fire"),
        keywords=("history founded", "first inhabitants", "great fire past", "founding date"),
    ),
    Facet(
        name="location",
        openers=(
            "The geographical situation of {name} is quickly told.",
            "On the map {name} is easily found.",
            "{name} is situated in a quiet part of the country, on a waterway.",
        ),
        sentences=(
            (
                "{name} is {a_kind} on the {bank} bank of the {river}.",
                "{name}, {a_kind}, straddles the {river} just above its {bank} fork.",
                "The {river} loops around {name}, {a_kind}, on its {bank} side.",
            ),
            (
                "{name} belongs to the province of {region} and stands {height} metres above the sea.",
                "The surrounding province is {region}; the altitude is {height} metres.",
                "Surveyors give {height} metres of elevation for {name}, in the province of {region}.",
            ),
            (
                "{other} is {distance} kilometres to the {direction}.",
                "A walk of {distance} kilometres {direction} leads to {other}.",
                "Its neighbour {other} lies {distance} kilometres further {direction}.",
            ),
        ),
        questions=(
            ("Which province is {X} in?", "Which province?"),
            ("How many metres above the sea is {X}?", "How many metres above the sea?"),
            ("Where is {X}?", "Where is that?"),
            ("Whereabouts on the map is {X}?", "Whereabouts exactly?"),
            ("What is the geographical setting of {Xo}?", "And the geography?"),
            ("Which waterway flows past {Xo}?", "Any waterway?"),
            ("How high up is {X}?", "How high up?"),
            ("In which part of the country is {X} situated?", "Which part of the country?"),
            ("What lies in the vicinity of {Xo}?", "What is nearby?"),
        ),
        answers=(
            (
                "{name} lies on the {river} in the province of {region}, {height} metres up and {distance} "
                "kilometres from {other}."
            ),
            (
                "It is {a_kind} in {region}, on the {river}. {other} is {distance} kilometres from {name}, "
                "which is at {height} metres."
            ),
        ),
        hints=("location", "river", "province", "altitude", "region", "map", "neighbouring towns"),
        keywords=("location province", "map river geography", "metres above sea"),
    ),
    Facet(
        name="climate",
        openers=(
            "The climate of {name} is a matter of taste.",
            "The weather in {name} is talked about every day.",
            "{name} can be wet, chilly and stormy.",
        ),
        sentences=(
            (
                "Winters in {name} are {winter}, and the thermometer averages {cold} degrees in January.",
                "{name} has {winter} winters, with a January mean of {cold} degrees.",
                "January in {name} is {winter}, with {cold} degrees at noon.",
            ),
            (
                "About {rain} millimetres of rain fall on {name} each year.",
                "Gauges collect {rain} millimetres of rain annually.",
                "The yearly rainfall comes to {rain} millimetres.",
            ),
            (
                "In {fog} {wind} brings {name} {nuisance}.",
                "{wind} sweeps in every {fog}, and with it {nuisance}.",
                "Dreaded above all is {wind} in {fog}, with {nuisance}.",
            ),
        ),
        questions=(
            ("How much rain falls in {Xo}?", "How much rain?"),
            ("How cold is {X} in January?", "And in January?"),
            ("What is the climate like in {Xo}?", "What about {Xs} climate?"),
            ("What should I pack for the weather in {Xo}?", "And the weather?"),
            ("How wet does it get in {Xo}?", "Do I need an umbrella?"),
            ("Is it chilly in {Xo} during the cold season?", "Chilly?"),
            ("Which season should I avoid for a trip to {Xo}?", "Any season to avoid?"),
            ("Is {X} stormy?", "Stormy?"),
        ),
        answers=(
            "{name} has {winter} winters of {cold} degrees, {rain} millimetres of rain a year and {wind} in {fog}.",
            (
                "Expect {rain} millimetres of rain, and {wind} in {fog}. In January {name} is {winter}, with "
                "{cold} degrees."
            ),
        ),
        hints=("climate", "weather", "temperature", "rainfall", "wind", "winter", "season"),
        keywords=("climate", "weather rain", "January cold stormy"),
    ),
    Facet(
        name="economy",
        openers=(
            "The economy of {name} has one main sector.",
            "In {name} business and work mean one thing.",
            "{name} is prosperous and makes its money in one business.",
        ),
        sentences=(
            (
                "{name} lives by {industry}.",
                "Most pay packets in {name} come from {industry}.",
                "{industry} feeds the households of {name}.",
                "The wealth of {name} was built on {industry}.",
            ),
            (
                "Some {workers} hands earn their wages in it.",
                "{workers} people in {name} draw their wages from it.",
                "The industry pays wages to {workers} men and women.",
            ),
            (
                "Until {bust} {old_industry} mattered more.",
                "{old_industry} died out in {bust}.",
                "The former mainstay of {name}, {old_industry}, collapsed in {bust}.",
            ),
            (
                "Orders from {org} fill the books.",
                "{org} is a faithful customer.",
                "Merchants from {other} buy nearly everything.",
            ),
        ),
        questions=(
            ("Who pays the wages in {Xo}?", "Who pays the wages?"),
            ("Which industry keeps {Xo} alive?", "Any industry?"),
            ("What do people in {Xo} do for work?", "And work?"),
            ("Which business sustains {Xo}?", "Any business?"),
            ("How does {X} make its money?", "What about {Xs} income?"),
            ("What is produced in {Xo}?", "What is produced there?"),
            ("Is {X} prosperous, and why?", "Prosperous?"),
            ("Which sector has {X} lost?", "And what was lost?"),
            ("How does the economy of {Xo} work?", "And the economy?"),
        ),
        answers=(
            (
                "{name} depends on {industry}, with some {workers} workers; {old_industry} is gone since "
                "{bust}. A customer is {org}."
            ),
            (
                "It used to be {old_industry}, but today {name} lives by {industry}, which pays {workers} "
                "people. They sell to {other}, too."
            ),
        ),
        hints=("economy", "industry", "employment", "trade", "workers", "production"),
        keywords=("economy", "industry business", "work wages"),
    ),
    Facet(
        name="landmark",
        openers=(
            "{name} has sights that a tourist should visit.",
            "The architecture of {name} is worth seeing.",
            "One impressive monument made {name} famous.",
        ),
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
                "{steps} steps lead to the finest view of {name}.",
                "From the top, {steps} steps up, the whole of {name} lies below.",
                "Inside hangs a portrait of {person}, {steps} steps up.",
            ),
        ),
        questions=(
            ("Who designed the {building} of {Xo}?", "And who designed the {building}?"),
            ("How many steps does the {building} in {Xo} have?", "How many steps?"),
            ("What sights does {X} have?", "Any sights?"),
            ("What architecture is worth seeing in {Xo}?", "And the architecture?"),
            ("What should a tourist visit in {Xo}?", "What should I visit?"),
            ("Which monument is {X} famous for?", "Monuments?"),
            ("Is there an impressive edifice in {Xo}?", "Anything impressive to look at?"),
            ("What would be on a postcard from {Xo}?", "Anything for a postcard?"),
        ),
        answers=(
            "The main sight of {name} is {a_building} of {material} with {steps} steps, by {architect}.",
            "See the {building} of {name}: {architect} built it of {material} in {built}. It has {steps} steps.",
        ),
        hints=("landmark", "building", "sights", "tourism", "monument", "architect", "tower"),
        keywords=("sights", "architecture monument", "tourist visit steps"),
    ),
    Facet(
        name="population",
        openers=(
            "The demographics of {name} have been stable.",
            "The many people that live in {name} are counted often.",
            "The locals of {name} have a language and a name of their own.",
        ),
        sentences=(
            (
                "The census of {census} counted {people} residents in {name}.",
                "{name} had {people} residents at the census of {census}.",
                "The last census, in {census}, registered {people} souls in {name}.",
            ),
            (
                "At home {share} per cent of them speak the dialect, {dialect}.",
                "{dialect}, a dialect, is the mother tongue of {share} per cent.",
                "Roughly {share} per cent converse in the {dialect} dialect.",
            ),
            (
                "The natives of {name} call themselves {demonym}.",
                "A native of {name} is nicknamed one of the {demonym}.",
                "Their nickname across the province is the {demonym}.",
            ),
        ),
        questions=(
            ("What did the last census in {Xo} find?", "And the last census?"),
            ("How many per cent speak the dialect in {Xo}?", "Any dialect?"),
            ("How many people live in {Xo}?", "How many people?"),
            ("How big is {X}?", "How big?"),
            ("Which language do the locals of {Xo} use?", "And the language?"),
            ("What are the inhabitants of {Xo} called?", "What are the locals called?"),
            ("What is known about the demographics of {Xo}?", "Demographics?"),
            ("What is spoken in {Xo}?", "Spoken language?"),
        ),
        answers=(
            "{name} had {people} inhabitants in {census}, called the {demonym}; {share} per cent speak {dialect}.",
            (
                "In {census} it was {people} people. Those of {name} are known as the {demonym}, and {share} "
                "per cent speak {dialect}."
            ),
        ),
        hints=("population", "census", "inhabitants", "language", "dialect", "residents"),
        keywords=("population census", "people language", "dialect inhabitants"),
    ),
    Facet(
        name="food",
        openers=(
            "The cuisine of {name} has its culinary specialities.",
            "Restaurants in {name} do things simply.",
            "In {name} people like to eat and to drink.",
        ),
        sentences=(
            (
                "On feast days every kitchen in {name} serves the same dish, {dish}.",
                "The signature dish of {name} is {dish}.",
                "Cooks in {name} swear by one dish, {dish}.",
                "{dish} is the dish on every menu in {name}.",
            ),
            (
                "It is washed down with {drink}.",
                "With it {name} drinks {drink}.",
                "{drink} goes with it.",
            ),
            (
                "Every {feast} a fair is held in its honour.",
                "The best cook of {name} is crowned at a contest each {feast}.",
                "Tradition wants it on the table by {feast}.",
            ),
        ),
        questions=(
            ("What is the typical dish of {Xo}?", "A typical dish?"),
            ("Which dish goes with the drink of {Xo}?", "And the dish?"),
            ("What can I eat in {Xo}?", "Anything to eat?"),
            ("What are the culinary specialities of {Xo}?", "Local specialities?"),
            ("What should I order in a restaurant in {Xo}?", "What should I order?"),
            ("What do they drink in {Xo}?", "And drink?"),
            ("What does the cuisine of {Xo} taste like?", "What about the cuisine?"),
            ("I'm hungry: what would I be given in {Xo}?", "Anything tasty?"),
        ),
        answers=(
            "Try {dish}, with {drink}: that is what {name} is known for.",
            "People in {name} eat {dish} and drink {drink}, above all around {feast}.",
        ),
        hints=("food", "dish", "cuisine", "speciality", "drink", "restaurant", "meal"),
        keywords=("food dish", "cuisine specialities", "eat drink"),
    ),
    Facet(
        name="transport",
        openers=(
            "{name} is well connected by public transport.",
            "Nobody needs a car to travel to {name}.",
            "To reach {name} and to get around it is simple.",
        ),
        sentences=(
            (
                "The railway came to {name} in {rail}, with trains at dawn and at dusk.",
                "Since {rail} trains have stopped at {name}.",
                "{name} got its station in {rail}, and the first trains were cheered.",
                "Trains first whistled in {name} in {rail}.",
            ),
            (
                "{trains} services a day link {name} with {other}.",
                "There are {trains} departures daily for {other}.",
                "From {name} to {other} one may choose among {trains} connections a day.",
            ),
            (
                "{crossing} carries carts and bicycles across the {river}.",
                "The {river} is crossed by {crossing}.",
                "For the {river} there is {crossing}.",
            ),
        ),
        questions=(
            ("When did trains first come to {Xo}?", "When did the first trains come?"),
            ("Are there trains to {Xo}?", "Any trains?"),
            ("How do I get to {Xo}?", "How do I get there?"),
            ("Can I travel to {Xo} without a car?", "Without a car?"),
            ("What public transport serves {Xo}?", "And public transport?"),
            ("How does one reach {Xo}?", "How would one travel?"),
            ("Is {X} well connected?", "Well connected?"),
            ("How can I cross the water in {Xo}?", "And across the water?"),
        ),
        answers=(
            "There are {trains} trains a day between {name} and {other}; for the {river} there is {crossing}.",
            (
                "{name} has had a station since {rail}, with {trains} trains a day from {other}, and {crossing} "
                "over the {river}."
            ),
        ),
        hints=("transport", "railway", "train", "station", "ferry", "connections", "travel"),
        keywords=("transport trains", "how to reach", "public transport connected"),
    ),
)
