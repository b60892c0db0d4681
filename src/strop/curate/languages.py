"""Which language a text is in, told by its commonest words (European languages) or its script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_WORDS = {
    "en": "the of and to in is that for it with as was on are be this have from or by at not you what how can i my me "
    "a an do does did if so but will would there their your we they been has had am",
    "de": "der die und das ist nicht ein eine ich zu den mit auf für sich auch dem des wie kann wir sie es bei am im "
    "an in vom zum zur von mein meine meinen meiner war was wurde hat habe bitte kein keine muss mir mich seit aber",
    "fr": "le la les et des est un une que pour pas dans qui sur je vous nous ce avec au du plus mon ma mes comment ne "
    "suis été cette sont mais",
    "es": "el los las que es una por con para no se lo como más pero su mi cómo puedo está del al y un",
    "it": "il che di non è per una sono con si del le gli come più ma ho mi della questo posso nel lo",
    "nl": "de het een en van ik is dat niet op te met voor zijn mijn maar hoe kan aan er om ook naar wat",
    "pt": "o que não uma os com para é por do da como mais eu meu minha está no na em você se foi dos",
    "sv": "och att det som en på är av för med inte jag till den har om ett kan hur min var men så från",
    "pl": "nie się na jest do że w z co jak ale to mam mi czy po za od dla moje jestem przez może tak",
}  # fmt: skip
_FURTHER = {
    "en": "he she him his her hers its us them who which when where why while than then these those were being "
    "could should would shall may might must about into over after before out up down off only just also very "
    "any all some more most each other such no nor because don doesn didn isn can cannot get got need want "
    "know please",
    "de": "den einen einem einer eines er ihr ihm ihn ihnen ihre seine sind waren sein haben hatte werden worden "
    "wird würde können könnte möchte soll will bin bist dass weil wenn ob oder um aus nach bei über unter vor "
    "bis durch gegen ohne hier da dort wo wann warum wer welche noch schon nur so sehr mehr immer wieder dann "
    "doch jetzt diese dieser dieses alle etwas nichts uns euch dir dich zwei geht gibt seit ins beim",
    "fr": "de un à en y il elle ils elles on se me te lui leur leurs son sa ses ton ta tes notre nos votre vos ces "
    "cet dont où quand pourquoi quel quelle quoi ai as a avons avez ont avais avait êtes sommes sont était "
    "étais sera serait peut peux puis dois doit fait faire par avec sans sous entre vers chez depuis encore "
    "déjà très bien si ou donc car comme aussi plus rien tout tous toute toutes deux moi toi l j qu aux jusqu "
    "voudrais",
    "es": "la de en y a o u e me te le les nos os lo esto esta este estos estas ese esa eso aquí qué quién dónde "
    "cuándo cuánto cuál porque si sin sobre entre hasta desde hacia muy ya también tampoco todavía aún nunca "
    "siempre cuando donde quien cual ni son soy estoy están estaba era fue ser he ha han había hay tengo "
    "tiene tienen hacer hace puede pueden quiero quisiera necesito debo sus mis tu tus nuestro nuestra unos "
    "unas otro otra dos tres todo todos toda todas nada algo mucho llevo ahora bien usted ustedes ella ellos "
    "yo él sí",
    "it": "la i lo e a in un uno alla al ai dal dalla dei delle degli dello nella nei sul sulla tra fra ma se mio "
    "mia miei mie tuo suo sua loro noi voi lei lui io tu ci vi ne ti si questa questi queste quello quella "
    "chi cosa dove dov quando perché quanto quale anche ancora già mai sempre molto poco tutto tutti tutta "
    "qui sto stato stata sei è era hanno hai ha abbiamo avere essere fare può posso possono vorrei devo due l "
    "all dell nell sull",
    "nl": "of we wij je jij jullie u ze zij hij hem haar hun ons onze jouw uw deze dit die daar hier waar waarom "
    "wanneer wie welke al nog wel geen niets iets veel meer zeer was waren heb heeft hebben had hebt ben bent "
    "zou zal zullen wil moet kunnen mag worden wordt werd door bij uit over tot tegen zonder onder tussen als "
    "dan omdat dus ook twee alle mij me zo sinds",
    "pt": "a e de em um uma à às ao aos das nos nas no na pelo pela num numa meus minhas seu sua seus suas esta "
    "este isso isto essa esse aquele aquela quem qual quando onde porque porquê quanto também já ainda nunca "
    "sempre muito muita mais mas ou nem sem sobre entre até desde há tem têm tenho temos ser são sou estou "
    "estava foi era fazer faz posso pode quero gostaria preciso devo ele ela eles elas nós lhe me te tudo "
    "todos toda nada duas dois meu aqui",
    "sv": "i vi ni de dem du han hon dig mig sig sin sitt sina din ditt mitt mina era vår detta dessa denna vad var "
    "vem vilken varför när hur där här eller om utan över under efter före mellan genom mot hos från redan "
    "ännu inte aldrig alltid mycket bara också kan ska skulle vill måste får fick hade har varit är blir blev "
    "två alla något inget nu då så upp ut",
    "pl": "i a o u dla przy pod nad przed bez oraz albo lub więc bo bardzo już jeszcze tylko też także nigdy zawsze "
    "gdzie kiedy dlaczego ile kto który która które moja mój mnie mną ja ty on ona ono my wy oni ich jego jej "
    "nas was sie tego tej tym ten ta te być był była było są jesteś mogę można chcę proszę mają ma dwa dwie "
    "po ze we",
    "tr": "ve bir bu şu da de mi mı mu mü için ile ne neden nasıl nerede nereden kim hangi kaç ama fakat veya ya "
    "çok daha en değil yok var ben sen biz siz onlar benim senin bizim sizin bana sana onu beni olarak olan "
    "oldu olur gibi kadar sonra önce henüz hâlâ hala artık şimdi hiç her şey ki iki üç istiyorum lütfen "
    "misiniz musunuz",
    "ca": "els les amb què aquest aquesta això però també més molt perquè com quan on el la de i a per que és són "
    "està estic meu meva seu seva del dels al als un una uns unes no si ja fins des he ha han tinc vull puc "
    "fa hi ho em et es ens us jo tu ell dues",
    "da": "og at det som en på er af for med ikke jeg til den har de om et kan hvor hvordan hvornår hvad hvem min "
    "mit mine men så fra vi du han hun dig mig sig eller efter uden over under hos nu meget kun også skal "
    "skulle vil må fik havde været bliver blev to alle noget ingen",
    "ro": "și este sunt nu că pe cu la în din de un o ce cum când unde dar sau mai meu mea mei mele am ai are avem "
    "aveți au fost eu tu el ea noi voi se îmi mi vă te această acest care pentru după până foarte două vreau",
    "cs": "a je se na že v ve z do to jak ale jsem jsi jsou byl byla bylo není nebo když kde kdy proč co kdo pro po "
    "od za o u už ještě jen také moje můj mám má mi mě mně vás nás prosím mohu chci dva dvě který která které "
    "tak",
    "fi": "ja on ei että se en ole olen oli ovat mutta kun jos niin kuin myös vain vielä jo minun minä sinä hän me "
    "te he mikä missä milloin miksi miten kuka tämä tuo voin voi haluan kanssa kaksi joka mitä",
    "hu": "a az és nem hogy egy is van volt de ha mert csak már még meg ezt azt ez én te ő mi ti ők hol mikor miért "
    "hogyan ki mit nagyon kell lehet vagyok vagy két óta",
}  # fmt: skip
"""Words by which a language is told, beside those that also count as carrying little where texts are compared."""
_SETS = {language: frozenset(f"{_WORDS.get(language, '')} {words}".split()) for language, words in _FURTHER.items()}
_CODES: dict[str, tuple[str, ...]] = {}
for _code, _words in _SETS.items():
    _CODES.update({word: (*_CODES.get(word, ()), _code) for word in sorted(_words)})
COMMON = frozenset(word for words in _WORDS.values() for word in words.split())
"""Words that carry little by themselves."""
_SCRIPTS = (
    ("ja", "Japanese", "\u3040", "\u30ff"), ("ko", "Korean", "\uac00", "\ud7af"),
    ("zh", "Chinese", "\u4e00", "\u9fff"), ("ru", "Cyrillic", "\u0400", "\u04ff"),
    ("ar", "Arabic", "\u0600", "\u06ff"), ("he", "Hebrew", "\u0590", "\u05ff"),
    ("hi", "Devanagari", "\u0900", "\u097f"), ("el", "Greek", "\u0370", "\u03ff"), ("th", "Thai", "\u0e00", "\u0e7f"),
)  # fmt: skip
SCRIPTS = {code: name for code, name, _, _ in _SCRIPTS}
"""Languages that are told by their script, with its name."""
CODES = (*_SETS, *SCRIPTS)
"""All languages that can be told."""
_KANA = 0.15
"""Share of letters from which Chinese characters among kana are Japanese."""
_MARKS = {
    "de": "äöüß", "fr": "àâçéèêëîïôùûœ", "es": "áéíóúñ¿¡", "it": "àèéìòù", "pt": "ãõáéíóúâêôçà", "sv": "åäö",
    "pl": "ąćęłńóśźż", "tr": "çğıöşü", "ca": "àèéíòóúç·", "da": "æøå", "ro": "ăâîșț", "cs": "ěščřžýáíéůúťďň",
    "fi": "äö", "hu": "áéíóöőúüű",
}  # fmt: skip
"""Letters beyond a to z, and signs, that a language writes."""
_USUAL_SIGNS = frozenset("‘’‚“”„‹›«»–—…•·€£§°©®™\u00a0")
_WORD = re.compile(r"[^\W\d_]+")


def language(texts: Iterable[str]) -> str | None:
    """The ISO 639-1 code of the language that most of the texts are in; None where nothing tells it."""
    votes: Counter[str] = Counter()
    for text in texts:
        if (found := _of(text)) is not None:
            votes[found] += 1
    return votes.most_common(1)[0][0] if votes else None


def words_of(text: str, code: str, *, least: int = 1) -> int:
    """How many different common words of that language a text holds, of so many letters at least."""
    held = {word.casefold() for word in _WORD.findall(text) if len(word) >= least}
    return len(_SETS.get(code, frozenset()) & held)


def marks_of(text: str, code: str, *, but: str) -> bool:
    """Whether a text holds a letter or sign that the one language writes and the other does not."""
    return not text.isascii() and not set(_MARKS.get(code, "")).difference(_MARKS.get(but, "")).isdisjoint(text)


def beyond_ascii(text: str) -> tuple[int, float]:
    """How often a text has common words with letters beyond ASCII, of the language that has most of them here, and
    which share of all that is beyond ASCII that language writes, usual signs aside."""
    words = Counter(word for word in _WORD.findall(text.casefold()) if not word.isascii())
    hits = {code: sum(words[word] for word in words.keys() & known) for code, known in _SETS.items()}
    code = max(hits, key=lambda one: hits[one])
    signs = [char for char in text.lower() if char > "\x7f" and char not in _USUAL_SIGNS]
    own = _MARKS.get(code, "")
    return hits[code], sum(char in own for char in signs) / len(signs) if signs else 0.0


def letters_of(text: str, code: str) -> tuple[int, int]:
    """How many letters of that language's script a text holds, and how many letters at all."""
    letters = [c for c in text if c.isalpha()]
    return sum(_is_of(c, code) for c in letters), len(letters)


def _is_of(char: str, code: str) -> bool:
    if code == "ja" and "\u4e00" <= char <= "\u9fff":
        return True
    return any(first <= char <= last for of, _, first, last in _SCRIPTS if of == code)


def _of(text: str) -> str | None:
    if not text.isascii() and (found := _by_script([c for c in text if c.isalpha()])) is not None:
        return found
    hits: Counter[str] = Counter()
    for word in _WORD.findall(text):
        hits.update(_CODES.get(word.casefold(), ()))
    return max(_SETS, key=lambda code: hits[code]) if hits else None


def _by_script(letters: list[str]) -> str | None:
    """The language whose script a third of the letters is of, and none of another language more."""
    if max(letters, default="") < "\u0370":
        return None
    counts = {code: sum(first <= c <= last for c in letters) for code, _, first, last in _SCRIPTS}
    if counts["ja"] >= _KANA * len(letters):
        counts["ja"] += counts.pop("zh")
    code = max(counts, key=lambda code: counts[code])
    return code if counts[code] * 3 > len(letters) else None
