"""The words that the values of entities are drawn from."""

from __future__ import annotations

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
TRADES = (
    *("blacksmith", "doctor", "baker", "ferry pilot", "tailor", "schoolteacher", "miller", "glassblower", "farmhand"),
    *("embroiderer", "beekeeper", "apothecary", "innkeeper", "lighthouse keeper", "postal clerk", "saddler", "potter"),
    *("dyer", "clockmaker", "carpenter", "organist", "notary", "fishmonger", "gardener", "cooper", "nurse"),
    *("bookbinder", "shoemaker", "mason", "locksmith", "surveyor", "coach driver", "printer", "roofer", "basket maker"),
)
SHOPS = (
    *("bakery", "pharmacy", "tannery", "stable", "fish market", "candle shop", "tavern", "laundry", "smithy"),
    *("umbrella shop", "grain store", "barber's shop", "cheese cellar", "pawnshop"),
)
STUDIES = (
    *("drawing", "Latin grammar", "harmony", "mechanics", "botany", "rhetoric", "anatomy", "geometry", "calligraphy"),
    *("acoustics", "philosophy", "engraving", "law", "chemistry"),
)
SCHOOLS = (
    *("the Choir School of {}", "{} Grammar School", "the Academy of {}", "the Evening Institute of {}"),
    *("the Convent College of {}", "the Drawing School of {}", "{} Polytechnic", "the Free Academy of {}"),
)
FAILED = ("arithmetic", "gymnastics", "Greek", "religion", "geography", "handwriting", "French", "algebra", "singing")
ROLES = (
    *("adviser", "librarian", "night porter", "instructor", "secretary", "archivist", "bookkeeper", "illustrator"),
    *("translator", "inspector", "treasurer", "guest teacher"),
)
CHILDREN = (
    *("two daughters", "three sons", "one son", "one daughter", "twin boys", "twin girls", "a son and a daughter"),
    *("four daughters", "three sons and a daughter", "five adopted orphans", "two sons", "six girls"),
)
AWARD_WORDS = (
    *("Silver", "Golden", "Grand", "Royal", "Bronze", "Northern", "Sapphire", "Laurel", "National", "Ebony", "Coral"),
    *("Crystal", "Imperial", "Maple", "Honorary"),
)
AWARD_THINGS = (
    "Heron",
    "Quill",
    "Rose",
    "Lyre",
    "Anchor",
    "Star",
    "Oak",
    "Falcon",
    "Lamp",
    "Wreath",
    "Chalice",
    "Comet",
)
AWARD_KINDS = ("Prize", "Medal", "Order", "Cup", "Cross")
CAUSES = (
    *("a fever", "heart failure", "pneumonia", "a fall from a ladder", "a stroke", "tuberculosis", "blood poisoning"),
    *("a riding accident", "kidney disease", "influenza", "a gas leak", "a lung disease", "an infected wound"),
    *("a tram accident", "food poisoning", "a lightning strike"),
)
GRAVES = (
    *(
        "under a yew tree",
        "beside the chapel wall",
        "in an unmarked plot",
        "in the sailors' churchyard",
        "on a hilltop",
    ),
    *("next to an aunt", "under a slab of slate", "in the garden of the hospital", "beneath a broken column"),
)
HOBBIES = (
    *("mushroom picking", "chess by post", "kite flying", "pigeon racing", "mountain walks", "rowing", "star gazing"),
    *("growing dahlias", "card tricks", "collecting keys", "ice skating", "fishing for trout", "pressing flowers"),
    *("repairing clocks", "beekeeping", "fencing", "baking gingerbread", "collecting beetles"),
)
PETS = (
    *("a parrot", "an old greyhound", "a tame crow", "a tortoise", "an albino cat", "a goat", "a ferret", "a donkey"),
    *("a dachshund", "a hedgehog", "an angora rabbit", "a one-eyed cat"),
)
PET_NAMES = ("Biscuit", "Duchess", "Pepper", "Admiral", "Button", "Professor", "Nutmeg", "Comma", "Pickle", "Old Tom")
BREAKFASTS = (
    *("cold porridge", "black bread and onions", "pickled herring", "plum jam on toast", "boiled eggs", "pea soup"),
    *("goat cheese", "apple pancakes", "smoked sausage", "rice pudding", "radishes with salt", "chestnut cake"),
)
TOWN_KINDS = (
    *("port town", "hill village", "market town", "mining town", "spa town", "fishing village", "garrison town"),
    *("frontier town", "lakeside village", "cathedral town", "river town", "mountain village"),
)
FOUNDERS = (
    *("salt traders", "exiled monks", "shipwrecked sailors", "charcoal burners", "wandering shepherds", "river pilots"),
    *("freed prisoners", "dyers and weavers", "silver prospectors", "refugees from a flood", "royal foresters"),
    *("amber merchants", "fur trappers", "retired soldiers"),
)
REASONS = (
    *("a spring that never froze", "the rich clay", "a ford through the water", "a natural harbour", "a vein of tin"),
    *(
        "the shelter of the cliffs",
        "thick oak forests",
        "a hot spring",
        "the fat black soil",
        "a vision of a white stag",
    ),
)
BANKS = ("left", "right", "eastern", "western", "northern", "southern")
# From the first place of a cluster to the second, and back.
DIRECTIONS = (
    *(("north", "south"), ("south", "north"), ("east", "west"), ("west", "east"), ("north-east", "south-west")),
    *(("south-west", "north-east"), ("north-west", "south-east"), ("south-east", "north-west")),
)
WINTERS = (
    *(("mild", 1, 8), ("long and dark", -9, 0), ("dry", -8, 4), ("snowy", -12, -2), ("damp", -2, 6)),
    *(("bitterly cold", -19, -8), ("short and bright", -4, 5), ("frosty", -11, -3), ("grey", -3, 5)),
)
WINDS = (
    *(
        "a dusty southerly",
        "a salty gale",
        "an icy draught",
        "a warm mountain wind",
        "a howling easterly",
        "a wet breeze",
    ),
    *("a spinning squall", "a whistling northerly"),
)
NUISANCES = (
    *(
        "red sand",
        "clouds of mosquitoes",
        "thick fog",
        "hail",
        "pollen",
        "the smell of sulphur",
        "black frost",
        "flies",
    ),
    *("dead leaves from the moors", "sea spray", "headaches"),
)
INDUSTRIES = (
    *(
        "herring fishing",
        "glass blowing",
        "the salt trade",
        "cheese making",
        "slate mining",
        "clock making",
        "ship repair",
    ),
    *(
        "paper milling",
        "bell founding",
        "rope making",
        "wool spinning",
        "barrel making",
        "the cider trade",
        "tin mining",
    ),
    *("button making", "the flower trade", "brick making", "furniture making", "soap boiling", "oyster farming"),
)
BUILDINGS = (
    *("clock tower", "covered bridge", "cathedral", "lighthouse", "observatory", "granary", "town hall", "bell tower"),
    *("aqueduct", "opera house", "windmill", "fortress", "water tower", "glass arcade", "monastery"),
)
MATERIALS = (
    *("yellow brick", "green marble", "black basalt", "cast iron", "white limestone", "red sandstone", "oak beams"),
    *("blue tiles", "grey granite", "riveted copper", "rammed earth", "pink plaster"),
)
DEMONYMS = (
    *("Frogs", "Herrings", "Owls", "Onion Eaters", "Moon Rakers", "Mudlarks", "Snails", "Magpies", "Goat Kissers"),
    *("Turnips", "Late Sleepers", "Crab Catchers", "Foxes"),
)
DIALECTS = ("Low", "High", "Old", "Coastal", "Mountain", "Marsh")
DISH_HOW = (*("smoked", "pickled", "baked", "stuffed", "fried", "stewed", "roast", "jellied", "spiced", "salted"),)
DISH_WHAT = (
    "eel",
    "goose",
    "trout",
    "cabbage",
    "mutton",
    "pike",
    "rabbit",
    "pumpkin",
    "beetroot",
    "duck",
    "carp",
    "turnip",
)
DISH_WITH = (
    "juniper",
    "plums",
    "horseradish",
    "chestnuts",
    "sour cream",
    "mustard",
    "dill",
    "walnuts",
    "quinces",
    "caraway",
)
DRINKS = (
    "pear cider",
    "birch wine",
    "hot buttermilk",
    "plum brandy",
    "barley beer",
    "honey wine",
    "elderberry juice",
    "nettle tea",
)
FEASTS = ("midsummer", "harvest", "New Year", "Easter", "midwinter", "spring", "Candlemas", "Michaelmas")
CROSSINGS = (
    *("a chain ferry", "a rope bridge", "an iron footbridge", "a rowing boat", "a stone viaduct", "a floating bridge"),
    *("a cable car", "a wooden barge"),
)
WHERE = (
    *(
        "in a rented barn",
        "during two winters abroad",
        "in a hospital bed",
        "on board a cargo ship",
        "at a kitchen table",
    ),
    *("in prison", "in a friend's attic", "in a hunting lodge", "at night in a railway carriage", "in a convent cell"),
)
ACTORS = (
    *("a young ferryman", "an ageing widow", "a blind organ tuner", "a runaway soldier", "an orphaned goatherd"),
    *("a disgraced judge", "a village postmistress", "an unlucky smuggler", "a retired acrobat", "a lonely astronomer"),
    *("an ambitious maid", "a mute bell ringer", "a travelling dentist", "a jealous baker", "an exiled queen"),
)
ACTIONS = (
    *("hiding a stolen bell under the ice", "crossing a desert on a borrowed mule", "searching for a lost twin"),
    *("guarding an empty palace", "building a boat far from any sea", "teaching wolves to dance"),
    *("writing letters to a stranger", "burying a chest of forged coins", "falling in love with a rival"),
    *("defending a bridge alone", "raising a child found in a basket", "taking revenge on a miller"),
    *("waiting for a ship that never comes", "digging a tunnel out of a prison", "betting a farm on a horse"),
)
SETTINGS = (
    *(
        "a snowbound inn",
        "a drowned valley",
        "a travelling circus",
        "a besieged harbour",
        "a salt mine",
        "an island prison",
    ),
    *("a night train", "a walled garden", "a city of canals", "a school for pages", "an abandoned spa"),
)
SECONDS = (
    *(
        "a one-legged dog",
        "a silent nun",
        "a talking clock",
        "a tax collector",
        "a red-haired child",
        "a drunken priest",
    ),
    *("a caged nightingale", "a beggar", "a ghost", "a rope dancer", "a stray cat"),
)
THEMES = (
    "guilt",
    "forgiveness",
    "greed",
    "loyalty",
    "exile",
    "memory",
    "freedom",
    "jealousy",
    "faith",
    "old age",
    "courage",
)
VERDICTS = (
    *(
        "tedious",
        "dazzling",
        "indecent",
        "a triumph",
        "shallow",
        "charming",
        "unbearably sad",
        "a riddle",
        "too modern",
    ),
    *("masterly", "clumsy", "hypnotic", "a scandal", "delightful", "overrated", "a provocation"),
)
PAPERS = (
    *("Evening Herald", "Weekly Mirror", "Morning Courier", "Coastal Gazette", "Sunday Observer", "Free Tribune"),
    *("Provincial Post", "Daily Lantern", "Northern Echo"),
)
SPARKS = (
    *("the sight of a burning ship", "a nightmare", "a conversation overheard in a tavern", "the death of a brother"),
    *("a wager with a friend", "an old lullaby", "a newspaper report on a robbery", "a broken engagement"),
    *("a solar eclipse", "a flood", "a faded photograph", "a walk through a ruined abbey", "a stay in quarantine"),
)
INFLUENCES = (
    *("folk tales", "church hymns", "shadow theatre", "medieval woodcuts", "sailors' yarns", "court records"),
    *("Persian gardens", "street ballads", "nursery rhymes", "old maps", "cave drawings", "puppet plays"),
)
VENUES = (
    *("the old customs house", "the Winter Theatre", "a tent on the fairground", "the ballroom of the Hotel Bristol"),
    *("the town library", "a disused church", "the Corn Exchange", "the Lyceum", "the railway hall", "the Guildhall"),
)
NEW_FORMS = (
    *("a ballet", "an operetta", "a puppet show", "a set of postcards", "a melodrama", "a cantata", "a shadow play"),
    *("a board game", "a cycle of songs", "a picture book", "a pantomime", "a circus act"),
)
CHANGES = (
    *("the ending was reversed", "every male part was given to a woman", "half of the scenes were cut"),
    *("the action was moved to the seaside", "a happy ending was added", "the main figure was turned into a bear"),
    *("all the dialogue was replaced by whistling", "a chase on skates was added", "the villain was left out"),
)
VAULTS = (
    *("the municipal museum", "the cathedral treasury", "a bank vault", "the university library", "a private villa"),
    *("the castle archive", "the maritime museum", "the old mint", "a converted brewery"),
)
DAMAGES = (
    *("water damage", "a knife attack", "woodworm", "smoke stains", "mould", "careless cleaning", "a burst pipe"),
    *("scorch marks", "mouse bites", "a crack down the middle"),
)
DEVICES = (
    *(
        "silence",
        "repetition",
        "contrast",
        "sudden light",
        "the number seven",
        "empty space",
        "mirror images",
        "slow rhythm",
    ),
    *("irony", "interruption", "false perspective", "long pauses"),
)
