"""The arts that people practise and the works that come of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Art:
    """An art: who practises it, what comes of it, and the verbs that go with it."""

    job: str
    work: str
    made: str
    done: str
    tells: str
    released: str
    audience: str
    extents: tuple[str, ...]
    techniques: tuple[str, ...]


ARTS = (
    Art(
        *("novelist", "novel", "wrote", "written", "tells of", "published", "readers"),
        ("{a} chapters spread over {c} pages", "{c} pages in {b} volumes", "{a} chapters and {b} long footnotes"),
        ("told through letters", "narrated backwards", "told by a dead man", "written without a single date"),
    ),
    Art(
        *("poet", "poetry collection", "wrote", "written", "sings of", "published", "readers"),
        ("{a} poems in {b} sections", "{c} stanzas of eleven lines", "{a} sonnets and {b} ballads"),
        ("rhymed throughout", "printed without punctuation", "written in dialect", "composed in blank verse"),
    ),
    Art(
        *("painter", "painting", "painted", "painted", "shows", "exhibited", "visitors"),
        ("{c} by {a} centimetres of canvas", "{b} oak panels joined by hinges", "{a} small canvases in one frame"),
        ("painted in egg tempera", "kept in shades of blue", "painted with a palette knife", "built up in thin glazes"),
    ),
    Art(
        *("composer", "opera", "composed", "composed", "tells of", "performed", "listeners"),
        ("{b} acts lasting {c} minutes", "{a} arias in {b} acts", "{c} minutes of music in {b} scenes"),
        ("scored for brass alone", "set in a minor key", "sung without an overture", "scored for two choirs"),
    ),
    Art(
        *("film director", "film", "directed", "directed", "tells of", "screened", "viewers"),
        ("{c} minutes on {b} reels", "{a} scenes in {c} minutes", "{b} reels and {a} title cards"),
        ("shot on a single street", "tinted by hand", "filmed at dawn", "cut without any close-ups"),
    ),
    Art(
        *("sculptor", "sculpture", "carved", "carved", "portrays", "unveiled", "visitors"),
        ("{c} centimetres of solid granite", "{b} limestone blocks", "{a} figures of painted lime wood"),
        ("carved from one block", "polished with sand", "left rough at the back", "pieced together with bronze pins"),
    ),
    Art(
        *("playwright", "play", "wrote", "written", "tells of", "staged", "spectators"),
        ("{b} acts with {a} speaking parts", "{a} scenes in {b} acts", "{c} minutes for {a} actors"),
        ("written in verse", "played without an interval", "performed in masks", "acted on an empty stage"),
    ),
    Art(
        *("weaver", "tapestry", "wove", "woven", "depicts", "hung", "visitors"),
        ("{a} metres of dyed wool", "{b} strips of silk and wool", "{c} knots to the hand's breadth"),
        ("woven with silver thread", "dyed with madder", "worked on both sides", "bordered with real feathers"),
    ),
)
