"""The kinds of organisations, and the words that what is told about them is drawn from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OrganisationKind:
    """A kind of organisation: the noun for it, how its name is made and what it does."""

    noun: str
    names: tuple[str, ...]
    activities: tuple[str, ...]


ORGANISATION_KINDS = (
    OrganisationKind(
        "institute",
        (
            *("the {} Institute of Tides", "the {} Institute for Soil", "the {} Acoustical Institute"),
            *("the {} Institute of Optics", "the {} Seismic Institute", "the {} Institute for Rare Alphabets"),
        ),
        (
            *("measuring underground echoes", "charting ocean currents", "deciphering stone tablets", "testing lenses"),
            *("breeding hardy wheat", "recording earth tremors", "cataloguing extinct birds"),
        ),
    ),
    OrganisationKind(
        "company",
        (
            "{} Glassworks",
            "the {} Bell Foundry",
            "{} Shipping Lines",
            "{} Instruments",
            "{} & Daughters",
            "the {} Tea Company",
        ),
        (
            *(
                "casting church bells",
                "grinding telescope mirrors",
                "shipping tea and pepper",
                "building church organs",
            ),
            *("blowing crystal goblets", "winding watch springs", "printing playing cards"),
        ),
    ),
    OrganisationKind(
        "festival",
        (
            *("the {} Festival of Voices", "the {} Lantern Festival", "the {} Puppet Festival", "the {} Kite Festival"),
            *("the {} Festival of Bread", "the {} Storytelling Festival"),
        ),
        (
            *("staging puppet shows by torchlight", "bringing choirs together", "judging the best storytellers"),
            *("floating paper lanterns down the water", "baking the longest loaf", "flying giant kites"),
        ),
    ),
    OrganisationKind(
        "society",
        (
            *("the {} Society", "the {} Brotherhood of Pilots", "the {} Reading Circle", "the {} Geographical Society"),
            *("the {} Guild of Gardeners", "the {} Chess Union"),
        ),
        (
            *("copying endangered folk songs", "lending books to sailors", "restoring village organs", "mapping caves"),
            *("teaching chess to prisoners", "planting orchards on waste land", "rescuing stray dogs"),
        ),
    ),
)
PURPOSES = (
    *("the care of orphans", "the education of miners", "the protection of old crafts", "cheap light for the poor"),
    *(
        "peace between two feuding villages",
        "the memory of a drowned crew",
        "public health",
        "the welfare of musicians",
    ),
    *("the rescue of forgotten songs", "honest weights and measures"),
)
HOUSES = (
    *(
        "a former convent",
        "an old sugar warehouse",
        "a villa with a glass dome",
        "a disused customs shed",
        "a round tower",
    ),
    *("an abandoned brewery", "a half-timbered mansion", "a floating pontoon", "a converted riding school"),
)
STREETS = (
    "Cooper Lane",
    "Saffron Street",
    "Harbour Row",
    "Mill Alley",
    "Queen's Parade",
    "Nightingale Road",
    "Tanner Square",
    "Well Court",
)
SPECIALITIES = (
    *("reading room", "repair service", "evening courses", "almanacs", "guided tours", "telescopes", "apprenticeships"),
    *("mail-order catalogue", "summer school", "tasting evenings"),
)
TESTS = (
    *("recite a poem backwards", "mend a clock blindfolded", "swim across the harbour", "name forty kinds of wood"),
    *(
        "pay one silver coin",
        "spend a night in the cellar",
        "bring a letter from two elders",
        "tie nine sailors' knots",
    ),
)
BADGES = (
    *("a green ribbon", "a tin whistle on a chain", "a brass thimble", "a feather in the hat", "a blue enamel pin"),
    *("white gloves", "a wooden key", "a copper ring"),
)
SOURCES = (
    *("the rent of three farms", "the sale of almanacs", "a levy on salt", "a yearly lottery", "the hire of its hall"),
    *("a share of the harbour dues", "the generosity of widows", "a royal pension"),
)
GIFTS = (
    "a vineyard",
    "a row of cottages",
    "a chest of pearls",
    "a racehorse",
    "a stamp collection",
    "a coal barge",
    "two windmills",
)
CRISES = (
    *("a forged will", "an unpaid bill", "a quarrel over a dog", "a fire in the cellar", "a strike of the porters"),
    *(
        "an embezzled dowry",
        "a duel between two trustees",
        "an outbreak of typhus",
        "a plagiarised report",
        "a stolen seal",
    ),
)
FEATS = (
    *("the first complete map of the seabed", "a bell heard forty kilometres away", "a lens the size of a cartwheel"),
    *("a concert for ten thousand people", "the rescue of a sinking steamer", "a dictionary of whistled language"),
    *(
        "a balloon flight over the mountains",
        "a clock that lost one second a year",
        "the discovery of a buried theatre",
    ),
)
