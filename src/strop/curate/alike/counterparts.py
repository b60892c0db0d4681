"""Words of which another of the same class makes another question: months, units, places in a row, opposites.

"before March" and "before May" ask for different things, as "20" and "30" do, however alike the rest is. Many of these
words mean something else as well (may, march, sat, second, pound): so one counts only where the other text has another
word of its class that it does not have itself. English, German and French.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from strop.measure.alike.lookalikes import plainly

# Words of one meaning are joined by a slash, which may end a line.
_CLASSES: Final = {
    "when": """
        january/jan/januar/jänner/janvier/janv february/feb/febr/februar/feber/février/fevrier/févr
        march/mar/märz/maerz/mrz/mars april/apr/avril/avr may/mai june/jun/juni/juin july/jul/juli/juillet/juil
        august/aug/août/aout september/sep/sept/septembre october/oct/oktober/okt/octobre november/nov/novembre
        december/dec/dezember/dez/décembre/decembre/déc
        monday/mon/mondays/montag/montags/lundi/lun tuesday/tue/tues/tuesdays/dienstag/dienstags/mardi
        wednesday/wed/wednesdays/mittwoch/mittwochs/mercredi
        thursday/thu/thur/thurs/thursdays/donnerstag/donnerstags/jeudi friday/fri/fridays/freitag/freitags/vendredi
        saturday/sat/saturdays/samstag/samstags/sonnabend/samedi sunday/sun/sundays/sonntag/sonntags/dimanche
        today/heute/aujourdhui tomorrow/morgen/demain yesterday/gestern/hier""",
    "weekday": "mo di mi do fr sa so",
    "unit": """
        kilogram/kilograms/kilogramm/kilogramme/kilogrammes/kilo/kilos gram/grams/gramm/gramme/grammes
        milligram/milligrams/milligramm/milligramme/milligrammes microgram/micrograms/mikrogramm tonne/tonnes/tonnen
        ounce/ounces/unze/unzen pound/pounds/pfund/livre/livres meter/meters/metre/metres/metern mètre/mètres
        kilometer/kilometers/kilometre/kilometres/kilometern/kilomètre/kilomètres
        centimeter/centimeters/centimetre/centimetres/zentimeter/centimètre/centimètres
        millimeter/millimeters/millimetre/millimetres/millimètre/millimètres mile/miles/meile/meilen inch/inches/zoll
        foot/feet yard/yards litre/litres/liter/liters/litern millilitre/millilitres/milliliter/milliliters
        centilitre/centilitres/zentiliter gallon/gallons hour/hours/hr/hrs/stunde/stunden/heure/heures
        minute/minutes/min/mins/minuten second/seconds/sekunde/sekunden day/days/tag/tage/tagen/jour/jours
        week/weeks/woche/wochen/semaine/semaines month/months/monat/monate/monaten/mois
        year/years/jahr/jahre/jahren/ans/année/années celsius fahrenheit kelvin watt/watts kilowatt/kilowatts
        volt/volts ampere/amperes percent/prozent byte/bytes
        megabyte/megabytes gigabyte/gigabytes terabyte/terabytes""",
    "short unit": """
        kg g mg µg/mcg t oz lb/lbs m km cm mm mi in ft yd l ml cl dl gal h/std s/sec/sek d w/kw v a/ma c f k b kb mb
        gb tb kwh mwh wh hz khz mhz ghz mph kmh pct""",
    "half of the day": "am pm",
    "currency": """
        €/euro/euros/eur $/dollar/dollars/usd £/sterling/gbp/quid ¥/yen/jpy franc/francs/franken/chf
        pound/pounds/pfund yuan/renminbi/cny/rmb ₹/rupee/rupees/inr/rupien zloty/zlotys/pln sek nok dkk czk huf aud
        cad nzd rouble/roubles/rubel/rub peso/pesos lira/liras bitcoin/bitcoins/btc ether/ethereum/eth cent/cents
        penny/pence""",
    "place": """
        first/firstly/erste/erster/erstes/ersten/erstem/premier/première
        second/secondly/zweite/zweiter/zweites/zweiten/zweitem/deuxième/seconde
        third/dritte/dritter/drittes/dritten/drittem/troisième fourth/vierte/vierter/viertes/vierten/quatrième
        fifth/fünfte/fünfter/fünftes/fünften/cinquième sixth/sechste/sechster/sechstes/sechsten/sixième
        seventh/siebte/siebter/siebtes/siebten/septième eighth/achte/achter/achtes/achten/huitième
        ninth/neunte/neunter/neuntes/neunten/neuvième tenth/zehnte/zehnter/zehntes/zehnten/dixième
        last/letzte/letzter/letztes/letzten/letztem/dernier/dernière/derniers/dernières
        next/nächste/nächster/nächstes/nächsten/nächstem/prochain/prochaine
        previous/vorige/vorigen/précédent/précédente""",
    "number": """
        one/eins two/zwei/deux three/drei/trois four/vier/quatre five/fünf/cinq six/sechs seven/sieben/sept
        eight/acht/huit nine/neun/neuf ten/zehn/dix eleven/elf/onze twelve/zwölf/douze twenty/zwanzig/vingt
        thirty/dreißig/dreissig/trente forty/vierzig/quarante fifty/fünfzig/cinquante sixty/sechzig/soixante
        seventy/siebzig eighty/achtzig ninety/neunzig hundred/hundert/cent thousand/tausend/mille
        million/millions/millionen billion/billions milliarde/milliarden/milliard/milliards""",
    "more or less": """
        increase/increases/increased/increasing/rise/rises/rose/risen/rising/raise/raises/raised/raising/grow/grows/
          grew/grown/growing/higher/erhöhen/erhöht/erhöhte/erhöhung/steigen/steigt/stieg/gestiegen/anstieg/
          augmenter/augmente/augmenté/augmentation/hausse
        decrease/decreases/decreased/decreasing/fall/falls/fell/fallen/falling/drop/drops/dropped/dropping/decline/
          declines/declined/declining/reduce/reduces/reduced/reducing/lower/lowers/lowered/lowering/shrink/shrinks/
          shrank/senken/senkt/senkte/gesenkt/senkung/sinken/sinkt/sank/gesunken/rückgang/fällt/fiel/diminuer/
          diminue/diminué/diminution/baisse""",
    "how many": "more/mehr/davantage less/fewer/weniger/moins",
    "way up": "up/upwards/hinauf down/downwards/hinunter",
    "trade": """
        buy/buys/bought/buying/purchase/purchases/purchased/kaufen/kauft/kaufte/gekauft/kauf/acheter/achète/acheté/
          achat
        sell/sells/sold/selling/sale/sales/verkaufen/verkauft/verkaufte/verkauf/vendre/vend/vendu/vente""",
    "order in time": "before/bevor/vor/avant after/nachdem/nach/après",
    "time": "early/earlier/früh/früher/tôt late/later/spät/später/tard",
    "company": "with/mit/avec without/ohne/sans",
    "result": "profit/profits/gain/gains/gewinn/gewinne/bénéfice loss/losses/verlust/verluste/perte/pertes",
    "account side": "credit/credited/gutschrift/crédit debit/debited/lastschrift/débit",
    "cash": """
        deposit/deposits/deposited/einzahlen/einzahlung/eingezahlt/dépôt/déposer
        withdraw/withdraws/withdrew/withdrawn/withdrawal/withdrawals/auszahlen/auszahlung/ausgezahlt/abheben/
          retrait/retirer""",
    "mail": """
        send/sends/sent/sending/senden/schicken/geschickt/gesendet/envoyer/envoyé
        receive/receives/received/receiving/erhalten/bekommen/empfangen/recevoir/reçu""",
    "door": """
        open/opens/opened/opening/öffnen/geöffnet/eröffnen/ouvrir/ouvert
        close/closes/closed/closing/schließen/geschlossen/fermer/fermé""",
    "switch": """
        enable/enables/enabled/activate/activated/aktivieren/aktiviert/activer/activé
        disable/disables/disabled/deactivate/deactivated/deaktivieren/deaktiviert/désactiver/désactivé""",
    "lock": "lock/locked/sperren/gesperrt unlock/unlocked/entsperren/entsperrt",
    "block": "block/blocked unblock/unblocked",
    "answer": """
        accept/accepts/accepted/annehmen/angenommen/accepter/accepté
        reject/rejects/rejected/refuse/refuses/refused/ablehnen/abgelehnt/refuser/refusé""",
    "place above": "above/over/oberhalb/über below/under/beneath/unterhalb/unter",
    "bound": "minimum/least/mindestens maximum/most/höchstens",
    "side": "left/links/gauche right/rechts/droite",
    "compass": """
        north/northern/nord/norden/nördlich south/southern/süd/süden/südlich/sud
        east/eastern/ost/osten/östlich/est west/western/westen/westlich/ouest""",
    "border": "import/imports/imported/importieren/importer export/exports/exported/exportieren/exporter",
    "line": "upload/uploads/uploaded/hochladen download/downloads/downloaded/herunterladen",
    "traffic": "incoming/inbound/eingehend outgoing/outbound/ausgehend",
    "age": "new/newer/neu/neue/neuen/neuer/nouveau/nouvelle old/older/alt/alte/alten/alter/ancien/ancienne",
    "outcome": "win/wins/won/gewinnen/gewonnen/gagner lose/loses/lost/verlieren/verloren/perdre/perdu",
}  # fmt: skip
_AFTER: Final = {
    "weekday": frozenset({"am", "bis", "ab", "seit", "vom", "zum", "jeden"}),
    "short unit": None,
    "half of the day": None,
}
"""Short words count only after one of these; None: after a number."""
_WORD = re.compile(r"[^\W_]+|[€$£¥₹]")
_APOSTROPHES = re.compile(r"['’`´]+")


def _meanings() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for name, words in _CLASSES.items():
        for group in re.sub(r"/\s+", "/", words).split():
            for word in group.split("/"):
                found.setdefault(plainly(word), []).append((name, group))
    return found


_MEANINGS: Final = _meanings()


def have_other(one: str, other: str) -> bool:
    """Whether each of two texts has a word of some class that the other does not have: March here, May there."""
    left, right = _held(one), _held(other)
    return any(left[name] - right[name] and right[name] - left[name] for name in left.keys() & right.keys())


@lru_cache(maxsize=4096)
def _held(text: str) -> dict[str, frozenset[str]]:
    """What a text holds of each class, by meaning."""
    held: dict[str, set[str]] = {}
    before = ""
    for word in _WORD.findall(_APOSTROPHES.sub("", plainly(text))):
        for name, meaning in _MEANINGS.get(word, ()):
            if name not in _AFTER or _follows(_AFTER[name], before):
                held.setdefault(name, set()).add(meaning)
        before = word
    return {name: frozenset(meanings) for name, meanings in held.items()}


def _follows(allowed: frozenset[str] | None, before: str) -> bool:
    return before.isdigit() if allowed is None else before in allowed
