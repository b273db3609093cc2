"""The kinds of organisations, their names and what they do."""

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
