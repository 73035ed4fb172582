"""The sentences of the console that belong to no single page: what was done, and what went wrong.

They are Dutch at language level B1 and say u. A page never shows a text that an address brought along: `?gedaan=` holds a word
from this table, and any other word shows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Tone(StrEnum):
    """How something sounds. A tone always comes with a word or an icon, never with its colour alone."""

    note = "info"
    ok = "ok"
    warning = "warning"
    error = "error"


DONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "uitgelogd": "U bent uitgelogd.",
        "opnieuw-inlezen": "De hub leest het bestand opnieuw in zodra hij de koppeling weer bekijkt.",
        "ingeleverd": "Het bestand is verzegeld bewaard. De hub leest het zodra hij de koppeling weer bekijkt.",
        "koppeling-gemaakt": "De koppeling is een ontwerp. Geef nu haar sleutels, of probeer een voorbeeldbestand.",
        "koppeling-gewijzigd": "Er is een nieuwe versie. Wat aanstaat, werkt door tot een tweede beheerder de nieuwe aanzet.",
        "sleutel-gegeven": "De hub heeft het verzegeld; niemand krijgt het nog te zien. Het telt na aanzetten of wisselen.",
        "sleutel-weggenomen": "De sleutel gaat weg bij het aanzetten of wisselen.",
        "sleutels-gewisseld": "De nieuwe sleutels werken en zijn in gebruik. De oude zijn vernietigd.",
        "koppeling-voorgelegd": "De koppeling is voorgelegd. Een andere beheerder kan haar nu aanzetten.",
        "koppeling-aangezet": "De koppeling staat aan.",
        "koppeling-alleen-aangezet": "De koppeling staat aan. Laat een collega dat binnen drie dagen bevestigen.",
        "koppeling-bevestigd": "U hebt bevestigd wat uw collega alleen aanzette.",
        "koppeling-stilgezet": "De koppeling haalt en stuurt niets meer, tot iemand haar laat doorgaan.",
        "koppeling-doorgegaan": "De koppeling gaat door waar zij was.",
        "koppeling-teruggezet": "Er is een nieuwe versie, die zegt wat een eerdere zei. Leg haar voor.",
        "koppeling-beeindigd": "De koppeling is beëindigd, en haar sleutels zijn vernietigd.",
        "mapping-in-gebruik": (
            "De nieuwe mapping is in gebruik. Geef nu de rijen vrij die ermee te lezen zijn, of lees een bestand opnieuw in."
        ),
        "mapping-bevestigd": "U staat in voor deze mapping. Dat staat in het logboek.",
        "mapping-voorgesteld": "Het voorstel is vastgelegd. Een andere beheerder kan het nu in gebruik zetten.",
        "vorm-aanvaard": "De vorm is aanvaard. De hub leest het bestand zodra hij de koppeling weer bekijkt.",
        "opgehouden": "De bezorgingen aan deze ontvanger zijn opgehouden. Er gaat niets meer heen tot u ze vrijgeeft.",
        "geprobeerd": "De hub probeert het binnen enkele seconden opnieuw, met één bezorging. Laad de pagina zo opnieuw.",
        "vrijgegeven": "De bezorgingen aan deze ontvanger lopen weer.",
        "opnieuw-klaargezet": "De bezorgingen staan weer klaar. De hub beslist opnieuw zodra ze gaan.",
        "voorgesteld": "Het voorstel is vastgelegd. De FG kan nu adviseren.",
        "geadviseerd": "Uw advies is vastgelegd, bij precies deze twee sets afspraken.",
        "ondertekend": "De afspraak is ondertekend. De partij is daarmee toegetreden.",
        "in-gebruik": "Het voorstel is in gebruik. De hub beslist er binnen een seconde mee, ook over wat nog wacht.",
        "geschorst": "De afspraak is geschorst. Er gaat niets meer onder deze afspraak, ook niet wat nog wacht.",
        "hervat": "De schorsing is opgeheven.",
        "beeindigd": "De afspraak is beëindigd.",
        "verklaring-vastgelegd": "De verklaring is vastgelegd en geldt. Geef het ontvangstbewijs mee.",
        "verklaring-ingetrokken": "De verklaring is ingetrokken. Dat geldt meteen, ook voor gegevens die klaarliggen.",
        "antwoord-vastgelegd": "Het antwoord van de ontvanger is vastgelegd.",
        "bericht-afgesloten": "Het bericht is afgesloten.",
        "bezwaar-beslist": "Het besluit over het bezwaar is vastgelegd.",
        "bewaarplicht-vastgelegd": "De bewaarplicht is vastgelegd. Wat eronder valt, verdwijnt niet.",
        "bewaarplicht-opgeheven": "De bewaarplicht is opgeheven.",
        "opschonen-voorgesteld": "Het voorstel is vastgelegd. De beslisser kan nu besluiten.",
        "vergeten-gevraagd": "Het verzoek staat in het logboek. Iemand anders besluit erover.",
        "vergeten": "De persoon is vergeten. Uw besluit staat in het logboek.",
        "vergeten-afgewezen": "Het verzoek is afgewezen. Uw besluit staat in het logboek.",
        "opgeschoond": "Uw besluit staat in het logboek en is uitgevoerd.",
        "deels-opgeschoond": "Uw besluit staat in het logboek. Een deel wacht: er is iets tegen. De hub gaat later verder.",
        "opgegeven": "De bezorgingen zijn opgegeven en hun inhoud is gewist.",
    }
)
"""After a form was handled, the browser is sent to a page with `?gedaan=<word>`, which shows the sentence."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error as a page: what happened, why, and what someone can do now."""

    what: str
    why: str
    now: str


TROUBLES: Final[Mapping[int, Trouble]] = MappingProxyType(
    {
        400: Trouble(
            "Dit formulier kan de hub niet verwerken",
            "Wat u verstuurde, heeft niet de vorm die de hub verwacht. Er is niets gewijzigd.",
            "Ga terug, laad de pagina opnieuw en vul het formulier nog eens in.",
        ),
        403: Trouble(
            "U hebt geen toegang tot deze pagina",
            "Deze pagina hoort bij een rol die u niet hebt, of de handeling is u niet toegestaan.",
            "Hebt u deze pagina nodig voor uw werk? Vraag uw functioneel beheerder om de juiste rol.",
        ),
        404: Trouble(
            "Deze pagina bestaat niet",
            "Het adres klopt niet, of wat u zoekt is er niet meer.",
            "Controleer het adres, of ga naar het begin en zoek van daaruit verder.",
        ),
        405: Trouble(
            "Dit kan niet op deze pagina",
            "De pagina bestaat, maar neemt deze aanvraag niet aan.",
            "Ga terug en gebruik de knoppen op de pagina.",
        ),
        413: Trouble(
            "Wat u verstuurde is te groot",
            "De hub neemt per formulier hoogstens 1 MB aan. Er is niets gewijzigd.",
            "Ga terug en verstuur minder tegelijk.",
        ),
        500: Trouble(
            "Er ging iets mis in de hub",
            "De fout ligt niet bij u. De hub heeft hem vastgelegd in het technische logboek.",
            "Probeer het later opnieuw. Blijft het misgaan? Meld de beheerder het kenmerk hieronder.",
        ),
        503: Trouble(
            "De hub kan dit nu even niet",
            "Iets wat de hub nodig heeft, antwoordt niet. Er is niets verloren en niets verstuurd.",
            "Wacht een minuut en probeer het dan opnieuw.",
        ),
    }
)

EXPIRED: Final = Trouble(
    "Dit formulier is verlopen",
    "Het formulier hoort niet bij uw huidige sessie, of kwam van een andere website. Er is niets gewijzigd.",
    "Ga terug, laad de pagina opnieuw en verstuur het formulier nog eens.",
)
NO_ROLE: Final = Trouble(
    "U hebt nog geen rol in de hub",
    "U bent ingelogd, maar uw account heeft geen rol waarmee u hier iets mag zien.",
    "Vraag uw functioneel beheerder welke rol u nodig hebt, en log daarna opnieuw in.",
)
SIGN_IN_FAILED: Final = Trouble(
    "Inloggen is niet gelukt",
    "De inlogdienst heeft u niet bevestigd, het duurde te lang, of u begon in een ander venster opnieuw.",
    "Begin opnieuw met inloggen, in één venster.",
)
