"""The facets of a person."""

from __future__ import annotations

from disco_pyserini.demo_world.facets import Facet

ASIDES = (
    "{friend} touches on this in a letter to a cousin.",
    "A folder of notes on the matter lies in a drawer at {org}.",
    "Old neighbours in {town} still repeat it with some pride.",
    "The diaries of {friend} give a slightly different account.",
    "A museum label in {other_town} repeats the tale.",
)

FACETS = (
    Facet(
        name="birth",
        openers=(
            "Much is known about the hometown and the parents of {name}.",
            "The origins of {name} were modest.",
            "{name} came from {town} originally, and grew up in simple circumstances.",
        ),
        sentences=(
            (
                "{name} was born on {birthday} {birth_year} in the {town_kind} of {town}.",
                "{name} came into the world in {town}, {a_town_kind}, on {birthday} {birth_year}.",
                "On {birthday} {birth_year} the midwife of {town} entered {name} in her register.",
                "The cradle of {name} stood in {town}; the arrival was on {birthday} {birth_year}.",
            ),
            (
                "{Her} father earned his bread as {a_father_job}, {her} mother as {a_mother_job}.",
                "For father {last} had {a_father_job}, for mother {a_mother_job}.",
                "The father was {a_father_job}; the mother worked as {a_mother_job}.",
            ),
            (
                "The family of {family_size} shared two rooms above {a_shop}.",
                "They rented a small flat over {a_shop}, with {family_size} people at the table.",
                "Home was a draughty house beside {a_shop}, shared by {family_size} relatives.",
            ),
        ),
        questions=(
            ("Who were {Xs} father and mother?", "Father and mother?"),
            ("What work did {Xs} mother do?", "And the mother?"),
            ("Where did {X} first see the light of day?", "Birthplace?"),
            ("What is {Xs} hometown?", "And {Xs} hometown?"),
            ("When was {X} born?", "Born when?"),
            ("Where does {X} come from originally?", "Roots?"),
            ("What did {Xs} parents do for a living?", "What did the parents do?"),
            ("What were the circumstances {X} grew up in?", "What about {Xs} early childhood?"),
            ("What are the origins of {Xo}?", "And {Xs} origins?"),
        ),
        answers=(
            "{name} was born in {town} in {birth_year}, the child of {a_father_job} and {a_mother_job}.",
            (
                "{last} came from {town}. The father of {name}, born in {birth_year}, was {a_father_job} and "
                "the mother {a_mother_job}."
            ),
        ),
        hints=("birthplace", "date of birth", "parents", "father and mother", "family home", "hometown"),
        keywords=("birthplace hometown", "born when, parents", "father mother origins", "birth"),
    ),
    Facet(
        name="education",
        openers=(
            "The education of {name} was thorough.",
            "As a student {name} had a mentor and a good academy.",
            "{name} was well taught, and the schooling left its mark.",
        ),
        sentences=(
            (
                "{name} learned {study} at {school} and took the diploma in {school_year}.",
                "From the age of fifteen {name} attended {school}, leaving with a diploma in {study} in {school_year}.",
                "{school} took {name} in as a pupil of {study}; the diploma followed in {school_year}.",
                "A scholarship brought {name} to {school}, and {she} took the diploma in {study} in {school_year}.",
            ),
            (
                "{Her} most important tutor there was {teacher}, in private lessons.",
                "The lessons of {teacher}, a strict instructor, shaped {her} taste.",
                "Lessons with {teacher} left a deep mark on {him}.",
            ),
            (
                "{She} failed {failed} twice and never forgot it.",
                "{last} disliked {failed} and skipped most of those classes.",
                "Reports call {him} gifted but hopeless in {failed}.",
            ),
        ),
        questions=(
            ("Who gave {Xo} lessons?", "Lessons with whom?"),
            ("Where did {X} earn a diploma?", "Any diploma?"),
            ("Where did {X} study?", "Studied where?"),
            ("Which academy trained {Xo}?", "Any formal training?"),
            ("What schooling did {X} receive?", "And {Xs} education?"),
            ("Who taught {Xo}?", "Taught by whom?"),
            ("Who was {Xs} mentor in youth?", "And the mentor?"),
            ("Which subject was {X} bad at as a student?", "Any weak spots as a student?"),
            ("What qualifications did {X} have?", "Qualifications?"),
        ),
        answers=(
            "{name} studied {study} at {school} until {school_year}, mainly under {teacher}, and was bad at {failed}.",
            (
                "{last} finished {school} with a diploma in {study} in {school_year}. The key teacher was "
                "{teacher}; {failed} was a weak spot."
            ),
        ),
        hints=("studies", "school", "diploma", "teacher", "tutor", "training", "degree"),
        keywords=("education school", "studied diploma", "teacher lessons", "schooling mentor"),
    ),
    Facet(
        name="career",
        openers=(
            "The professional life of {name} had a slow start.",
            "The profession of {name} was not the first choice.",
            "{name} held several jobs for a living.",
        ),
        sentences=(
            (
                "Before turning to art, {name} earned wages as {a_first_job}.",
                "{name} began as {a_first_job} and took up the craft only later.",
                "For {lean_years} lean years {name} drudged as {a_first_job}.",
            ),
            (
                "From {debut_year} on {she} was a full-time {job} with a studio in {other_town}.",
                "In {debut_year} {last} opened a studio in {other_town} and set up as {a_job}.",
                "{She} gave notice in {debut_year}, rented a studio in {other_town} and became {a_job}.",
            ),
            (
                "From {join_year} {she} also lectured at {org}.",
                "{org} hired {him} as {a_role} in {join_year}.",
                "In {join_year} {she} accepted a post as {role} at {org}.",
            ),
        ),
        questions=(
            ("Where did {X} have a studio?", "And the studio?"),
            ("When did {X} begin to work as {a_job}?", "When did the work as {a_job} begin?"),
            ("What did {X} do for a living at first?", "What about {Xs} first wages?"),
            ("How did {X} get started professionally?", "How did it all start professionally?"),
            ("What was {Xs} profession?", "And the profession?"),
            ("Which employers did {X} have?", "Any employers?"),
            ("What jobs did {X} hold?", "Jobs?"),
            ("What was {Xs} working life like?", "What about {Xs} working life?"),
        ),
        answers=(
            (
                "{name} started out as {a_first_job}, became {a_job} in {debut_year} with a studio in "
                "{other_town}, and later worked for {org}."
            ),
            (
                "After some time as {a_first_job}, {last} worked in {other_town} as {a_job} from {debut_year}, "
                "and for {org} from {join_year}."
            ),
        ),
        hints=("occupation", "career", "profession", "employment", "studio", "posts"),
        keywords=("career jobs", "working life profession", "studio employers", "early work"),
    ),
    Facet(
        name="masterpiece",
        openers=(
            "One creation made {name} famous.",
            "The most famous and best known creation of {name} is quickly named.",
            "{name} is important for one magnum opus.",
        ),
        sentences=(
            (
                "{name} is remembered above all for {work}, the {work_kind} {she} {made} in {work_year}.",
                "{name} is remembered for {work}, {a_work_kind} {she} {made} in {work_year}.",
                "With {work}, {done} in {work_year}, {name} became a household name.",
                (
                    "No list of great achievements in the field omits {work}, the {work_kind} that {name} {made} in "
                    "{work_year}."
                ),
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
            ("How many months did {Xs} most famous creation take?", "And how many months did that take?"),
            ("Which {work_kind} is {X} remembered for?", "Remembered for what?"),
            ("What is {X} best known for?", "Famous for what?"),
            ("What is {Xs} most famous creation?", "Best-known creation?"),
            ("What should I look at first by {Xo}?", "Where should I begin?"),
            ("Why is {X} important?", "Why do people care?"),
            ("What was {Xs} magnum opus?", "And {Xs} magnum opus?"),
            ("What made {Xo} celebrated?", "Why all the fame?"),
        ),
        answers=(
            "{name} is best known for {work}, {a_work_kind} from {work_year} that took {months} months.",
            "Most people would name the {work_kind} {work} of {work_year}. {last} spent {months} months on it.",
        ),
        hints=("major work", "masterpiece", "fame", "reputation", "achievement", "claim to fame"),
        keywords=("most famous work", "magnum opus remembered for", "best known creation"),
    ),
    Facet(
        name="family",
        openers=(
            "The private life of {name} was happy.",
            "{name} was in love and soon had kids at home.",
            "Of the husbands and wives of artists, the partner of {name} was the most patient.",
        ),
        sentences=(
            (
                "In {wed_year} {name} married {spouse}, {a_spouse_job}, in a small wedding.",
                "{name} and {spouse}, {a_spouse_job}, married in {wed_year}; the wedding lasted three days.",
                "{spouse}, {a_spouse_job}, married {name} in a church wedding in {wed_year}.",
                "The wedding of {name} and {spouse}, {a_spouse_job}, took place in {wed_year}.",
            ),
            (
                "The couple raised {children} in {town}.",
                "They brought up {children}.",
                "{children} came of the union.",
            ),
            (
                "{friend} was a witness and later a godparent.",
                "The marriage was calm except for one quarrel about {friend}.",
                "Sundays were spent with {friend}, a close companion.",
            ),
        ),
        questions=(
            ("When was {Xs} wedding?", "And the wedding?"),
            ("Whom did {X} marry?", "Did {X} marry?"),
            ("Did {X} have a husband or wife?", "Married?"),
            ("Who was {Xs} partner?", "A partner?"),
            ("How many kids did {X} have?", "Any kids?"),
            ("What was {Xs} private life like?", "And {Xs} private life?"),
            ("Was {X} ever in love?", "What about love?"),
            ("Did {X} ever settle down with anybody?", "Single all the way?"),
        ),
        answers=(
            "{name} married {spouse}, {a_spouse_job}, in {wed_year}, and they had {children}.",
            "{last}'s partner was {spouse}, {a_spouse_job}. The wedding was in {wed_year}, and they raised {children}.",
        ),
        hints=("marriage", "spouse", "children", "wedding", "family life", "partner"),
        keywords=("partner kids", "married wedding", "private life love"),
    ),
    Facet(
        name="awards",
        openers=(
            "{name} collected honours and a trophy or two.",
            "Official recognition of {name}, honours and awards, came late.",
            "{name} was decorated with a distinction and won a trophy.",
        ),
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
                "The prize money of {purse} crowns paid off {her} debts.",
                "All of the prize money, {purse} crowns, went on a piano.",
            ),
        ),
        questions=(
            ("How many crowns came with {Xs} award?", "How many crowns came with it?"),
            ("What was {Xs} prize money?", "And the prize money?"),
            ("What honours did {X} win?", "And honours?"),
            ("Did {X} get any official recognition?", "Any official recognition?"),
            ("Which trophy was {X} given?", "Trophies?"),
            ("Which distinctions were bestowed on {Xo}?", "Any distinctions?"),
            ("Was {X} ever decorated for {Xp} art?", "Was that ever rewarded?"),
            ("Which awards did {X} collect?", "Any awards?"),
        ),
        answers=(
            "{name} won {award} in {award_year} for {work}; it came with {purse} crowns.",
            "It was {award}, given to {last} in {award_year}. The jury cited {work} and paid {purse} crowns.",
        ),
        hints=("prize", "award", "honours", "medal", "recognition", "jury"),
        keywords=("awards honours", "prize money won", "official recognition"),
    ),
    Facet(
        name="death",
        openers=(
            "The end of the life of {name} is well documented.",
            "Of the illness and the last days of {name} there are reports.",
            "The final days and the tomb of {name} have been described often.",
        ),
        sentences=(
            (
                "{name} died of {cause} in {other_town} in {death_year}, aged {age}.",
                "{name} passed away in {other_town} in {death_year} at the age of {age}; the doctor noted {cause}.",
                "In {death_year}, at {age}, {name} succumbed to {cause} in {other_town}.",
                "{cause} killed {name} in {other_town} in {death_year}, at the age of {age}.",
            ),
            (
                "{last} lies in a grave {grave}.",
                "The coffin was lowered into a grave {grave}.",
                "The grave lies {grave}.",
            ),
            (
                "{mourners} mourners followed the hearse.",
                "At the funeral {friend} spoke before {mourners} people.",
                "The obituary in the local gazette was {mourners} words long.",
            ),
        ),
        questions=(
            ("Where is {Xs} grave?", "And the grave?"),
            ("What did {X} die of?", "Died of what?"),
            ("How did {Xs} life end?", "And the end?"),
            ("When did {X} die?", "Died when?"),
            ("What was {X} suffering from in the final days?", "What about {Xs} final days?"),
            ("Where can I visit {Xs} tomb?", "And the tomb?"),
            ("How old did {X} become?", "Did {X} grow old?"),
            ("What illness or accident ended the story of {Xo}?", "What was the cause of death?"),
            ("Where did {X} spend {Xp} last hours?", "And the last hours?"),
        ),
        answers=(
            "{name} died of {cause} in {other_town} in {death_year}, aged {age}. The grave is {grave}.",
            "It was {cause}, in {other_town}, in {death_year}. {last} was {age} and was buried {grave}.",
        ),
        hints=("death", "last illness", "cause of death", "burial", "grave", "funeral"),
        keywords=("death year, illness", "died of", "grave tomb", "final days"),
    ),
    Facet(
        name="pastimes",
        openers=(
            "{name} liked to relax and have fun.",
            "The hobbies of {name} are as well known as the art.",
            "At home {name} liked leisure, animals and good things to eat.",
        ),
        sentences=(
            (
                "Away from the desk {name} loved {hobby}.",
                "{name} devoted every free afternoon to {hobby}.",
                "{hobby} was the great passion of {name} outside working hours.",
                "Neighbours knew {name} chiefly as somebody mad about {hobby}.",
            ),
            (
                "{She} kept {pet} called {pet_name} as a pet.",
                "A pet, {pet} named {pet_name}, slept at {her} feet.",
                "{last} was seldom seen without {her} pet, {pet} that answered to {pet_name}.",
            ),
            (
                "Breakfast was {breakfast} on every day of the year.",
                "For breakfast {she} ate {breakfast}.",
                "Guests were given {breakfast} for breakfast.",
            ),
        ),
        questions=(
            ("What pet did {X} have?", "Any pet?"),
            ("What did {X} have for breakfast?", "And for breakfast?"),
            ("What were {Xs} hobbies?", "Any hobbies?"),
            ("How did {X} like to relax?", "And to relax?"),
            ("Did {X} have any animals at home?", "Any animals?"),
            ("What did {X} do for fun?", "And for fun?"),
            ("What did {X} like to eat?", "Favourite food?"),
            ("Which leisure activities did {X} enjoy?", "What about leisure?"),
            ("Was {X} an eccentric?", "Any quirks?"),
        ),
        answers=(
            "{last} loved {hobby}, had {pet} called {pet_name} and ate {breakfast} in the morning.",
            "There was {hobby}, there was {pet} named {pet_name}, and {name} liked {breakfast} for breakfast.",
        ),
        hints=("hobbies", "free time", "pet", "leisure", "habits", "passion"),
        keywords=("hobbies fun", "pet animals", "leisure breakfast"),
    ),
)
