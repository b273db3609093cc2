"""The facets of a person."""

from __future__ import annotations

from disco_pyserini.datasets.demo_world.facets import Facet

ASIDES = (
    "{friend} touches on this in a letter to a cousin.",
    "A folder of notes on the matter lies in a drawer at {org}.",
    "People in {town} still tell the story with some pride.",
    "The diaries of {friend} give a slightly different account.",
    "A museum label in {other_town} repeats the tale.",
)

FACETS = (
    Facet(
        name="birth",
        sentences=(
            (
                "{name} was born on {birthday} {birth_year} in the {town_kind} of {town}.",
                "{name} came into the world in {town}, {a_town_kind}, on {birthday} {birth_year}.",
                "On {birthday} {birth_year} the midwife of {town} entered {name} in her register.",
                "The cradle of {name} stood in {town}, where {she} arrived on {birthday} {birth_year}.",
            ),
            (
                "{Her} father earned his bread as {a_father_job}, {her} mother as {a_mother_job}.",
                "{last} was the {rank} child of {a_father_job} and {a_mother_job}.",
                "The father was {a_father_job}; the mother worked as {a_mother_job}.",
            ),
            (
                "The family of {family_size} shared two rooms above {a_shop}.",
                "They rented a small flat over {a_shop}, with {family_size} people at the table.",
                "Home was a draughty house beside {a_shop}, which {family_size} relatives shared.",
            ),
        ),
        questions=(
            ("Where did {X} first see the light of day?", "Birthplace?"),
            ("What is {Xs} hometown?", "And {Xs} hometown?"),
            ("When was {X} born?", "Born when?"),
            ("Where does {X} come from originally?", "Roots?"),
            ("What did {Xs} parents do for a living?", "What did the parents do?"),
            ("What were the circumstances {X} grew up in?", "What about {Xs} early childhood?"),
            ("What are the origins of {Xo}?", "And {Xs} origins?"),
        ),
        answers=(
            "{name} was born in {town} in {birth_year}.",
            "{name} came from {town}, the child of {a_father_job} and {a_mother_job}.",
            "That was in {town} on {birthday} {birth_year}. {last}'s father was {a_father_job}.",
        ),
        hints=("birthplace", "date of birth", "parents", "father and mother", "family home", "hometown"),
        keywords=("birthplace", "born when where", "parents origin", "hometown"),
    ),
    Facet(
        name="education",
        sentences=(
            (
                "{name} learned {study} at {school}, from which {she} graduated in {school_year}.",
                "From the age of fifteen {name} attended {school}, leaving with a diploma in {study} in {school_year}.",
                "{school} took {name} in as a pupil of {study}; the final examination followed in {school_year}.",
                "A scholarship brought {name} to {school}, where {she} passed the course in {study} in {school_year}.",
            ),
            (
                "{Her} most important tutor there was {teacher}.",
                "{teacher}, a strict instructor, shaped {her} taste.",
                "Lessons with {teacher} left a deep mark on {him}.",
            ),
            (
                "{She} failed {failed} twice and never forgot it.",
                "{last} disliked {failed} and skipped most of those classes.",
                "Reports call {him} gifted but hopeless in {failed}.",
            ),
        ),
        questions=(
            ("Where did {X} study?", "Studied where?"),
            ("Which academy trained {Xo}?", "Any formal training?"),
            ("What schooling did {X} receive?", "And {Xs} education?"),
            ("Who taught {Xo}?", "Taught by whom?"),
            ("Who was {Xs} mentor in youth?", "And the mentor?"),
            ("Which subject was {X} bad at as a student?", "Any weak spots as a student?"),
            ("What qualifications did {X} have?", "Qualifications?"),
        ),
        answers=(
            "{last} studied {study} at {school}, mainly under {teacher}.",
            "{name} trained at {school} and finished in {school_year}.",
            "The teacher who mattered most was {teacher}, at {school}.",
        ),
        hints=("studies", "school", "diploma", "teacher", "tutor", "training", "degree"),
        keywords=("education", "school studied", "teacher mentor", "training"),
    ),
    Facet(
        name="career",
        sentences=(
            (
                "Before turning to art, {name} earned wages as {a_first_job}.",
                "{name} began as {a_first_job} and took up the craft only later.",
                "For {lean_years} lean years {name} drudged as {a_first_job}.",
            ),
            (
                "From {debut_year} on {she} was a full-time {job} with a studio in {other_town}.",
                "In {debut_year} {last} moved to {other_town} and set up as {a_job}.",
                "{She} gave notice in {debut_year}, rented an attic in {other_town} and became {a_job}.",
            ),
            (
                "From {join_year} {she} also lectured at {org}.",
                "{org} hired {him} as {a_role} in {join_year}.",
                "In {join_year} {she} accepted a post as {role} at {org}.",
            ),
        ),
        questions=(
            ("What did {X} do for a living at first?", "What about {Xs} first wages?"),
            ("How did {X} get started professionally?", "How did it all start professionally?"),
            ("What was {Xs} profession?", "And the profession?"),
            ("Which employers did {X} have?", "Any employers?"),
            ("What jobs did {X} hold?", "Jobs?"),
            ("What was {Xs} working life like?", "What about {Xs} working life?"),
        ),
        answers=(
            "{name} started out as {a_first_job} and became {a_job} in {debut_year}, based in {other_town}.",
            "After some time as {a_first_job}, {last} worked as {a_job} and later for {org}.",
            "{last} was {a_job}, and from {join_year} also had a post at {org}.",
        ),
        hints=("occupation", "career", "profession", "employment", "studio", "post held"),
        keywords=("career", "jobs profession", "occupation", "early employment"),
    ),
    Facet(
        name="masterpiece",
        sentences=(
            (
                "{name} is remembered above all for {work}, the {work_kind} {she} {made} in {work_year}.",
                "The fame of {name} rests on {work}, {a_work_kind} {she} {made} in {work_year}.",
                "With {work}, {done} in {work_year}, {name} became a household name.",
                "No list of great achievements in the field omits {work}, the {work_kind} that {name} {made} in {work_year}.",
            ),
            (
                "{She} laboured on it for {months} months.",
                "It cost {him} {months} months and most of {her} savings.",
                "{Her} notebooks show {months} months of toil.",
            ),
            (
                "Privately {last} preferred {her} smaller pieces.",
                "Later {she} called it a happy accident.",
                "{She} refused ever to discuss its meaning.",
            ),
        ),
        questions=(
            ("What is {X} best known for?", "Famous for what?"),
            ("What is {Xs} most famous creation?", "Best-known creation?"),
            ("What should I look at first by {Xo}?", "Where should I begin?"),
            ("Why is {X} important?", "Why do people care?"),
            ("What was {Xs} magnum opus?", "And {Xs} magnum opus?"),
            ("What made {Xo} celebrated?", "Why all the fame?"),
        ),
        answers=(
            "{name} is best known for {work}, {a_work_kind} from {work_year}.",
            "The {work_kind} {work} made {last} famous.",
            "Most people would name {work}, which took {months} months.",
        ),
        hints=("major work", "masterpiece", "famous", "reputation", "achievement", "claim to fame"),
        keywords=("most famous work", "masterpiece", "known for"),
    ),
    Facet(
        name="family",
        sentences=(
            (
                "In {wed_year} {name} married {spouse}, {a_spouse_job}.",
                "{name} and {spouse}, {a_spouse_job}, were wed in {wed_year}.",
                "{spouse}, {a_spouse_job}, exchanged rings with {name} in {wed_year}.",
                "The wedding of {name} and {spouse}, {a_spouse_job}, took place in {wed_year}.",
            ),
            (
                "The couple raised {children} in {town}.",
                "They brought up {children}.",
                "{children} came of the union.",
            ),
            (
                "{friend} was best witness and godparent.",
                "The marriage was calm except for one quarrel about {friend}.",
                "Sundays were spent with {friend}, a close companion.",
            ),
        ),
        questions=(
            ("Did {X} have a husband or wife?", "Married?"),
            ("Who was {Xs} partner?", "A partner?"),
            ("How many kids did {X} have?", "Any kids?"),
            ("What was {Xs} private life like?", "And {Xs} private life?"),
            ("Was {X} ever in love?", "What about love?"),
            ("Did {X} ever settle down with anybody?", "Single all the way?"),
        ),
        answers=(
            "{name} married {spouse} in {wed_year}, and they had {children}.",
            "{last}'s partner was {spouse}, {a_spouse_job}.",
            "Yes: {spouse}, and the two had {children}. {friend} was a close friend of the house.",
        ),
        hints=("marriage", "spouse", "children", "wedding", "family life", "partner"),
        keywords=("spouse children", "marriage", "family", "private life"),
    ),
    Facet(
        name="awards",
        sentences=(
            (
                "{name} received {award} in {award_year}.",
                "In {award_year} a jury of {jury} voted to give {award} to {name}.",
                "{award} went to {name} in {award_year}.",
                "The winner of {award} in {award_year} was {name}.",
            ),
            (
                "The citation praised {work}.",
                "The medal was handed over for {work}.",
                "It crowned {her} efforts for {work}.",
            ),
            (
                "{She} gave the {purse} crowns of prize money to an orphanage.",
                "The {purse} crowns that came with it paid off {her} debts.",
                "Of the {purse} crowns attached, {she} spent every coin on a piano.",
            ),
        ),
        questions=(
            ("What honours did {X} win?", "And honours?"),
            ("Did {X} get any official recognition?", "Any official recognition?"),
            ("Which trophy was {X} given?", "Trophies?"),
            ("Which distinctions were bestowed on {Xo}?", "Any distinctions?"),
            ("Was {X} ever decorated for {Xp} art?", "Was that ever rewarded?"),
            ("Which awards did {X} collect?", "Any awards?"),
        ),
        answers=(
            "{name} won {award} in {award_year} for {work}.",
            "Yes, {award}, in {award_year}. It came with {purse} crowns.",
            "{last} was given {award}; the jury cited {work}.",
        ),
        hints=("prize", "award", "honours", "medal", "recognition", "jury"),
        keywords=("awards", "prize won", "honours"),
    ),
    Facet(
        name="death",
        sentences=(
            (
                "{name} died of {cause} in {other_town} in {death_year}, aged {age}.",
                "{name} passed away in {other_town} in {death_year} at the age of {age}; the doctor noted {cause}.",
                "In {death_year}, at {age}, {name} succumbed to {cause} in {other_town}.",
                "{cause} killed {name} in {other_town} in {death_year}, when {she} was {age}.",
            ),
            (
                "{last} is buried {grave}.",
                "The coffin was laid to rest {grave}.",
                "The grave lies {grave}.",
            ),
            (
                "{mourners} mourners followed the hearse.",
                "At the funeral {friend} spoke before {mourners} people.",
                "The obituary in the local gazette was {mourners} words long.",
            ),
        ),
        questions=(
            ("How did {Xs} life end?", "And the end?"),
            ("When did {X} die?", "Died when?"),
            ("What was {X} suffering from in the final days?", "What about {Xs} final days?"),
            ("Where can I visit {Xs} tomb?", "And the tomb?"),
            ("How old did {X} become?", "Did {X} grow old?"),
            ("What illness or accident ended the story of {Xo}?", "What was the cause of death?"),
            ("Where did {X} spend {Xp} last hours?", "And the last hours?"),
        ),
        answers=(
            "{name} died in {other_town} in {death_year}, of {cause}.",
            "{last} reached the age of {age} and died in {other_town}. The grave is {grave}.",
            "It was {cause}, in {death_year}.",
        ),
        hints=("death", "last illness", "cause of death", "burial", "grave", "funeral"),
        keywords=("death", "died cause", "grave", "death year place"),
    ),
    Facet(
        name="pastimes",
        sentences=(
            (
                "Away from the desk {name} loved {hobby}.",
                "{name} devoted every free afternoon to {hobby}.",
                "{hobby} was the great passion of {name} outside working hours.",
                "Neighbours knew {name} chiefly as somebody mad about {hobby}.",
            ),
            (
                "{She} kept {pet} called {pet_name}.",
                "{pet} named {pet_name} slept at {her} feet.",
                "{last} was seldom seen without {pet} that answered to {pet_name}.",
            ),
            (
                "{She} breakfasted on {breakfast} all {her} days.",
                "{She} lived mostly on {breakfast}.",
                "Guests were served {breakfast}, whatever the hour.",
            ),
        ),
        questions=(
            ("What were {Xs} hobbies?", "Any hobbies?"),
            ("How did {X} like to relax?", "And to relax?"),
            ("Did {X} have any animals at home?", "Any animals?"),
            ("What did {X} do for fun?", "And for fun?"),
            ("What did {X} like to eat?", "Favourite food?"),
            ("Which leisure activities did {X} enjoy?", "What about leisure?"),
            ("Was {X} an eccentric?", "Any quirks?"),
        ),
        answers=(
            "{last} loved {hobby} and had {pet} called {pet_name}.",
            "{name}'s free time went into {hobby}.",
            "Mainly {hobby}. Breakfast was always {breakfast}.",
        ),
        hints=("hobbies", "free time", "pet", "leisure", "habits", "passion"),
        keywords=("hobbies", "pet", "leisure habits", "free time"),
    ),
)
