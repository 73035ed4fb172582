"""What an administrator reads while setting up a connector, in Dutch: titles of the catalogue, faults, refusals, acts.

The services speak English sentences and codes; each has its words here, and whatever has none is shown as it was said.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hub.connector.manifest import Protocol
from hub.setups.standing import Act, GlassReason, State

PROTOCOLS: Final[Mapping[Protocol, str]] = MappingProxyType(
    {
        "sftp": "SFTP: bestanden in een map",
        "rest": "REST: een adres met https",
        "soap": "SOAP: een adres met https",
        "webhook": "Webhook: de partner stuurt berichten",
        "mail": "Mail: de partner stuurt een versleutelde bijlage",
        "upload": "Met de hand: u levert een bestand in",
    }
)
STATES: Final[Mapping[State, str]] = MappingProxyType(
    {State.draft: "ontwerp", State.active: "aan", State.paused: "stilgezet", State.ended: "beëindigd"}
)
ACTS: Final[Mapping[Act, str]] = MappingProxyType(
    {
        Act.create: "gemaakt",
        Act.change: "gewijzigd",
        Act.rollback: "teruggezet op een eerdere versie",
        Act.credential: "sleutel gegeven",
        Act.remove: "sleutel weggenomen",
        Act.propose: "voorgelegd",
        Act.activate: "aangezet, als tweede persoon",
        Act.break_glass: "alleen aangezet",
        Act.confirm: "achteraf bevestigd",
        Act.pause: "stilgezet",
        Act.resume: "laten doorgaan",
        Act.end: "beëindigd",
        Act.test: "verbinding getest",
        Act.dry_run: "bestand op proef gelezen",
        Act.sample: "voorbeeldbestand op proef gelezen",
        Act.layout: "kolommen vastgelegd",
        Act.rotate: "sleutels gewisseld",
    }
)
GLASS: Final[Mapping[GlassReason, str]] = MappingProxyType(
    {
        GlassReason.trouble: "Gegevens komen niet door, en er is nu geen tweede beheerder bereikbaar.",
        GlassReason.urgent: "Wachten schaadt een jongere.",
        GlassReason.trial: "Deze hub heeft geen echte gegevens.",
    }
)
FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ADRES_ONGELDIG": (
            "Dit adres kan of mag de hub niet gebruiken. Geef https of sftp, zonder gebruikersnaam en zonder vraagteken."
        ),
        "CERTIFICAAT_VERLOPEN": "Dit certificaat is verlopen. Vraag een nieuw.",
        "CONNECTOR_ONBEKEND": "Deze soort koppeling kent de hub niet.",
        "GEHEIM_ONGELDIG": "Dit is geen sleutel, certificaat of geheim van de gevraagde soort.",
        "MAPPING_ONBRUIKBAAR": "De mapping van deze soort is niet te gebruiken. Meld het wie de hub onderhoudt.",
        "NAAM_BEZET": "Een andere koppeling heet al zo. Kies een andere naam.",
        "PARTIJ_ONBEKEND": "Deze partij kent de hub niet. Vraag het de privacyfunctionaris.",
        "PARTIJ_PAST_NIET": "Deze partij is niet van de soort waarvoor deze koppeling is.",
        "PROTOCOL_ONBEKEND": "Langs deze weg kan deze soort niet.",
        "SCHEMA_ONGELDIG": "Schrijf het zoals in het voorbeeld.",
        "SLEUTELPAAR_ONGELDIG": "Deze sleutel hoort niet bij het certificaat.",
        "TE_LANG": "Dit is te lang.",
        "TEKEN_ONGELDIG": "Hier staat een teken dat niet mag.",
        "VELD_ONBEKEND": "Dit kent deze soort niet.",
        "VERPLICHT_VELD_LEEG": "Dit is verplicht.",
        "WAARDE_ONGELDIG": "Dit heeft niet de goede vorm.",
        "WACHTWOORDZIN": (
            "Deze sleutel zit op slot. Geef de wachtwoordzin erbij. Lukt dat niet, maak dan een kopie van de sleutel open met "
            "ssh-keygen -p -N '' -f kopie, geef die, en gooi haar weg."
        ),
        "WACHTWOORDZIN_ONJUIST": "Deze wachtwoordzin opent de sleutel niet.",
        "WACHTWOORDZIN_VORM": (
            "Een sleutel in de vorm van OpenSSH opent de hub niet zelf. Maak een kopie open met ssh-keygen -p -N '' -f kopie, "
            "geef die, en gooi haar weg."
        ),
    }
)
"""By the code of a fault."""
REFUSALS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "You cannot activate this yourself.": (
            "U kunt dit niet zelf aanzetten",
            "U wijzigde het of legde het voor, met dit of een ander account van u. Een tweede beheerder kijkt "
            "ernaar voor het gaat werken.",
        ),
        "You cannot confirm this yourself.": ("U kunt dit niet zelf bevestigen", "U zette het alleen aan. Vraag een collega."),
        "This is not tried with the credentials of others.": (
            "Dit probeert de hub niet met sleutels van een ander",
            "De koppeling gaat naar een ander adres, of vertrouwt een ander, en nog geen tweede persoon keek daarnaar. "
            "Leg haar voor en laat een collega haar proberen, of geef de sleutels zelf opnieuw.",
        ),
        "This connector has ended.": (
            "Deze koppeling is beëindigd",
            "Wat beëindigd is, begint niet opnieuw. Stel een nieuwe in.",
        ),
        "There is nothing to propose.": ("Er is niets voor te leggen", "Alles wat er is ingesteld, staat al aan."),
        "This is proposed already.": ("Dit is al voorgelegd", "Een tweede beheerder kan het nu aanzetten."),
        "This is not proposed.": ("Dit is nog niet voorgelegd", "Wie de koppeling instelde, legt haar eerst voor."),
        "There is nothing to activate.": ("Er is niets aan te zetten", "Alles wat er is ingesteld, staat al aan."),
        "The glass is broken already.": (
            "Dit kan nu niet alleen",
            "Wat eerder alleen is aangezet, is nog niet bevestigd. Vraag eerst een collega om dat te doen.",
        ),
        "There is nothing to confirm.": ("Er is niets te bevestigen", "Niemand zette dit alleen aan, of het is al bevestigd."),
        "This connector does not run.": ("Deze koppeling draait niet", "Er is niets stil te zetten."),
        "This connector is not paused.": ("Deze koppeling is niet stilgezet", "Zij hoeft niet door te gaan."),
        "Nothing changes.": ("Er verandert niets", "De nieuwste versie zegt hetzelfde."),
        "There is no credential of this name.": ("Deze sleutel is er niet", "Zij is niet gegeven, of al weggenomen."),
        "There is nobody to call for this connector.": (
            "Er valt niets te bellen",
            "Wat deze koppeling aanneemt, wordt gebracht. Probeer een voorbeeldbestand.",
        ),
        "There is nothing to rotate.": (
            "Er is niets te wisselen",
            "De koppeling stond nooit aan, of er wacht geen nieuwe sleutel. Geef eerst de nieuwe; de oude werkt door tot dan.",
        ),
        "This cannot be rotated by one person.": (
            "Dit wisselt u niet alleen",
            "Een sleutel die wacht, zegt wie de hub vertrouwt. Leg haar voor; een tweede beheerder zet haar aan.",
        ),
        "Nothing is fetched by this connector.": ("Deze koppeling haalt niets op", "Test de verbinding; daar blijft het bij."),
        "Nothing is taken in by this connector.": ("Deze koppeling neemt niets in", "Er is geen bestand te proberen."),
        "There is nothing to read.": (
            "Er ligt niets klaar",
            "Geen bestand past bij deze koppeling. Vraag de partner er een klaar te zetten, of kijk naar de namen en de map.",
        ),
        "The sample is too large.": ("Het bestand is te groot", "Een voorbeeld is hoogstens 8 MB. Neem het eerste deel."),
        "The file is too large to try.": ("Het bestand is te groot om te proberen", "Vraag de partner om een kleiner."),
        "The credentials are not complete.": (
            "De sleutels zijn niet compleet",
            "Er ontbreekt er een, of een sleutel en een certificaat horen niet bij elkaar.",
        ),
        "This connector cannot send beside another.": (
            "Deze koppeling kan niet naast een andere bezorgen",
            "Een andere koppeling bezorgt deze partij al hetzelfde. Zet die eerst stil of beëindig haar.",
        ),
        "This cannot be set up.": ("Dit is zo niet in te stellen", "Kijk naar wat hieronder staat."),
        "Someone else changed this connector.": (
            "Een collega was u voor",
            "De koppeling is intussen veranderd. Er is niets van u bewaard. Kijk hieronder hoe het er nu voor staat.",
        ),
    }
)
"""By what the services say first: what it is, and what to do."""
ADDRESSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "What is brought to the hub has no address.": "Wat gebracht wordt, heeft geen adres. Laat dit leeg.",
        "It has no address.": "Geef het adres van de partner.",
        "It holds a sign that no address has.": "Hier staat een teken dat in geen adres hoort.",
        "It cannot be read as an address.": "Dit is niet als adres te lezen.",
        "It holds a user name, a query or a fragment; secrets are credentials, and the rest are options.": (
            "Hier staat een gebruikersnaam, een vraagteken of een hekje. Een geheim geeft u straks apart; de rest is een optie."
        ),
        "It holds a folder, which is an option of its own.": "Zet de map in het veld voor de map, en niet in het adres.",
        "It is no partner's machine: an address of the network itself, or of the cloud that the hub may run in.": (
            "Dit is geen machine van een partner, maar van het netwerk zelf."
        ),
        "Nobody has this address.": "Dit adres heeft niemand.",
        "Its host is no name, and no address written in the usual way.": "De naam van de server is niet goed geschreven.",
        "Plain http goes no further than this machine; use https.": "Gebruik https.",
    }
)
"""By why an address is refused."""
TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Form in which to ask for pages": "Vorm waarin om bladzijden wordt gevraagd",
        "Whether messages carry WS-Addressing": "Of berichten WS-Addressing hebben (yes of no)",
        "Whether messages carry WS-Addressing; StUF has its own": "Of berichten WS-Addressing hebben; StUF heeft iets eigens",
        "OAuth 2.0: audience of the hub's assertion; without it the token address": (
            "OAuth: ontvanger van het bewijs van de hub"
        ),
        "With POST: the question, a JSON object": "Bij POST: de vraag, als JSON",
        "RSIN of the organisation that makes the case": "RSIN van wie de zaak maakt",
        "Address of the Catalogi API, where types of statuses have their names": "Adres van de Catalogi API",
        "Client id of the hub at the case system": "Client-id van de hub bij het zaaksysteem",
        "OAuth 2.0: the hub's client id at the partner": "OAuth: client-id van de hub bij de partner",
        "Whether messages come as CloudEvents (1.0, binary or structured)": "Of berichten als CloudEvents komen",
        "What the header x-doelbinding says, where the keeper asks for it": "Wat in de kop x-doelbinding staat",
        "Number of the first page": "Nummer van de eerste bladzijde",
        "Folder in which the files are put": "Map waarin de bestanden staan",
        "How lists are written: csv (UTF-8), csv-1252 (Windows-1252), xml, json or xlsx": (
            "Vorm van de lijst: csv, csv-1252, xml, json of xlsx"
        ),
        "Sender: application": "Zender: applicatie",
        "OIN in whose name is asked": "OIN namens wie wordt gevraagd",
        "Sender: organisation": "Zender: organisatie",
        "Ask only about who is registered in this gemeente: its code": "Vraag alleen naar inwoners van deze gemeente (code)",
        "Code of the gemeente, with which numbers of cases begin": "Code van de gemeente, waarmee nummers van zaken beginnen",
        "The gemeente whose cases these are: its code": "De gemeente van deze zaken (code)",
        "Whether user and task stand in a header of our own, for a gateway of the college that asks for it": (
            "Of gebruiker en taak in een eigen kop staan"
        ),
        "JSON pointer to the list of records in a page": "Plek van de lijst in een bladzijde (JSON pointer)",
        "How to ask: GET, or POST with a body": "Hoe wordt gevraagd: GET of POST",
        "Pages to read in one run": "Bladzijden per keer",
        "JSON pointer to the next link, or to the cursor": "Plek van de volgende link (JSON pointer)",
        "Where the next link or the cursor is: JSON pointer into the page, or header:Name": (
            "Plek van de volgende link: JSON pointer, of header:Naam"
        ),
        "Title of every case; it says nothing of anybody": "Titel van elke zaak; die zegt niets over iemand",
        "Who may ask, as CloudEvents prescribe, whether it may send here: a host name": "Wie mag vragen of hij hier mag sturen",
        "OIN of the college, for the header x-origin-oin": "OIN van het college, voor de kop x-origin-oin",
        "Names of statuses that are an outcome, with ; between them; others are passed by": (
            "Namen van statussen die een uitkomst zijn, met ; ertussen"
        ),
        "Name of the parameter for page, offset or cursor; header:Name where it goes in a header": (
            "Naam van de parameter voor de bladzijde"
        ),
        "Records in a page": "Gegevens per bladzijde",
        "How it is paged": "Hoe de bladzijden lopen",
        "How it is paged; by a link in the page, unless the supplier says otherwise": "Hoe de bladzijden lopen",
        "Names of the files to take, with * and ?": "Namen van de bestanden, met * en ?",
        (
            "Names of the files to take, with * and ?; DUO names a delivery by day, R or G, "
            "and the code of the region or gemeente"
        ): ("Namen van de bestanden, met * en ?; DUO noemt ze naar dag, R of G, en de code van regio of gemeente"),
        "How the names of files begin": "Hoe namen van bestanden beginnen",
        "How the names of files begin that the hub puts there": "Hoe namen van bestanden van de hub beginnen",
        "Parameters of every question, as in an address": "Parameters van elke vraag, zoals in een adres",
        "Who acts, for the case system's own log": "Wie handelt, voor het logboek van het zaaksysteem",
        "URL of the type of role for the young person, in that type of case": "Adres van het roltype van de jongere",
        "OAuth 2.0: scope to ask for": "OAuth: scope",
        "What is asked of Suwinet, beside who it is: duo, inkomen, bijstand, with spaces between them": (
            "Wat aan Suwinet wordt gevraagd: duo, inkomen, bijstand, met spaties ertussen"
        ),
        "From when on to ask the first time, in the words of the service": "Vanaf wanneer de eerste keer wordt gevraagd",
        "What it is given next: date (the moment of the walk), or where a mark is: JSON pointer or header:Name": (
            "Waarmee daarna wordt gevraagd: date, een JSON pointer of header:Naam"
        ),
        "Name of the parameter that asks for changes only": "Naam van de parameter die alleen om wijzigingen vraagt",
        "Name of the parameter for the records in a page": "Naam van de parameter voor het aantal per bladzijde",
        "URL of the first status of that type of case": "Adres van het eerste statustype",
        "Name of the header that names the task, where the keeper asks for it": "Naam van de kop met de taak",
        "Tasks for which it may be asked, with spaces between them": "Taken waarvoor het mag, met spaties ertussen",
        "The tasks for which the college may ask, with spaces between them": (
            "Taken waarvoor het college mag vragen, met spaties ertussen"
        ),
        "Receiver: application": "Ontvanger: applicatie",
        "OIN of the partner": "OIN van de partner",
        "Receiver: organisation; without it the code of the gemeente": "Ontvanger: organisatie; anders de code van de gemeente",
        "OAuth 2.0: whether a secret goes in the header (basic) or the body (post) of the question for a token": (
            "OAuth: of het geheim in de kop (basic) of in de vraag (post) staat"
        ),
        "OAuth 2.0: address that gives tokens": "OAuth: adres dat tokens geeft",
        "Name of the header that names the user, where the keeper asks for it": "Naam van de kop met de gebruiker",
        "User name on the partner's server": "Gebruikersnaam op de server van de partner",
        "User name, with a password": "Gebruikersnaam, bij een wachtwoord",
        "RSIN of the organisation that is responsible; without it the one that makes the case": (
            "RSIN van wie verantwoordelijk is"
        ),
        "What stands behind the name of a service in its address": "Wat achter de naam van een dienst in het adres staat",
        "Confidentiality of the case": "Vertrouwelijkheid van de zaak",
        "What the header x-verwerking says, where the keeper asks for it": "Wat in de kop x-verwerking staat",
        "For whom is asked: the code of the gemeente with two zeros before it, as DUO knows who carries this out": (
            "Voor wie wordt gevraagd: de code van de gemeente met twee nullen ervoor"
        ),
        "Who asks: R and the code of the doorstroompunt, or G and that of the gemeente, in four digits": (
            "Wie vraagt: R met de code van het doorstroompunt, of G met die van de gemeente"
        ),
        "Name of the type of case; without it its code": "Naam van het zaaktype; anders de code",
        "URL of the type of case, in the catalogue of the gemeente": "Adres van het zaaktype",
        "Code of the type of case": "Code van het zaaktype",
        "Key for the header X-API-KEY": "Sleutel voor de kop X-API-KEY",
        "Authorities to trust instead of the system's (PEM)": "Wie certificaten uitgeeft die de hub vertrouwt (PEM)",
        "The hub's own certificate (PEM)": "Het eigen certificaat van de hub (PEM)",
        "The hub's own certificate, as DUO knows it (PKIoverheid, PEM)": (
            "Het eigen certificaat van de hub, zoals DUO het kent (PEM)"
        ),
        "OAuth 2.0: private key of the client (PEM)": "OAuth: private sleutel van de client (PEM)",
        "OAuth 2.0: secret of the client": "OAuth: geheim van de client",
        "The private key of that certificate (PEM)": "De private sleutel van dat certificaat (PEM)",
        "Host key of the partner's server": "Hostsleutel van de server van de partner",
        "Passphrase of the private key (PKCS#8), if it has one": "Wachtwoordzin van de private sleutel, als die er is",
        "Password": "Wachtwoord",
        "Password of the user name": "Wachtwoord bij de gebruikersnaam",
        "Certificate that the partner signs with (PEM)": "Certificaat waarmee de partner ondertekent (PEM)",
        "Private key of the hub": "Private sleutel van de hub",
        "Secret of that client id, 16 characters or more": "Geheim van dat client-id, 16 tekens of meer",
        "Certificates that mail is signed with": "Certificaten waarmee mail is ondertekend",
        "Certificate that messages are signed with (PEM)": "Certificaat waarmee de hub berichten ondertekent (PEM)",
        "Its certificate, as the sender has it": "Het certificaat daarvan, zoals de afzender het heeft",
        "Key that opens mail to this connector": "Sleutel die mail aan deze koppeling opent",
        "What to show as bearer token": "Bearer token dat de hub laat zien",
        "Secret that signs (Standard Webhooks); or else a token": (
            "Geheim waarmee berichten zijn ondertekend (Standard Webhooks)"
        ),
        "The next secret, while they are changed": "Het volgende geheim, tijdens het wisselen",
        "Bezorging: pushing deliveries to a recipient": "Bezorgen bij een ontvanger, in de vorm van de hub",
        "DUO: enrolments and exemptions, complete (C) or what changed (P)": "DUO: inschrijvingen en vrijstellingen",
        "DUO: numbers to be coupled (koppelbestand)": "DUO: koppelbestand",
        "DUO: lists of early school leavers": "DUO: lijsten van schoolverlaters",
        "DUO: reports of absence": "DUO: verzuimmeldingen, als bestand",
        "DUO: reporting absence over SOAP": "DUO: verzuim melden",
        "DUO: reports of absence that changed, over SOAP": "DUO: gewijzigde verzuimmeldingen ophalen",
        "Work & Income: lists of placements": "Werk en Inkomen: lijsten van plaatsingen",
        "BRP: one person by BSN, over Haal Centraal Personen bevragen": "BRP: één persoon bevragen",
        "StUF-ZKN: a delivery becomes a case of the gemeente": "StUF: een bezorging wordt een zaak",
        "Work & Income: what came of handovers": "Werk en Inkomen: wat er van overdrachten kwam",
        "Jongerenloket: cases that are handed over": "Jongerenloket: zaken die worden overgedragen",
        "ZGW: a delivery becomes a case of the gemeente": "ZGW: een bezorging wordt een zaak",
        "ZGW: what came of the cases that the hub made": "ZGW: wat er van zaken van de hub kwam",
        "School administration: list of who left, as CSV or a workbook": "School: lijst van schoolverlaters (CSV of Excel)",
        "School administration: reports of absence, as CSV or a workbook": "School: verzuimmeldingen (CSV of Excel)",
        "Schools: transfer files (OSO, form 2019)": "School: overstapdossiers (OSO)",
        "School system: portfolios of pupils who go on": "School: portfolio's van wie doorgaat",
        "School system: pupils and students who left, over REST": "School: schoolverlaters, over REST",
        "School system: reports of absence, over REST": "School: verzuimmeldingen, over REST",
        "School system: early signals": "School: vroege signalen",
        "Registration systems: lists of who left, is absent or is enrolled": "Doorstroompunt: lijsten bezorgen",
        "Registration systems: what came of cases": "Doorstroompunt: wat er van zaken kwam",
        "Registration systems: cases that are handed over": "Doorstroompunt: zaken die worden overgedragen",
        "UWV: files of referrals, Wajong decisions, WW and the doelgroepregister": "UWV: bestanden",
        "Suwinet: one college asks about one person, and gets yes or no": "Suwinet: één college vraagt naar één persoon",
    }
)
"""By the English title of a connector, an option or a credential."""


def title_of(english: str) -> str:
    """The title in Dutch; as it is where it has no words."""
    return TITLES.get(english, english)
