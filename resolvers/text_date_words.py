"""Words of dates by language, folded as `datasources.words.tokens` gives them. Month and weekday names follow CLDR 46."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datasources.words import token_text


def _table(rows: Mapping[int, str]) -> dict[str, int]:
    """From a number to its words, separated by `|`."""
    return {token_text(word): number for number, words in rows.items() for word in words.split("|")}


FILLERS: Final = frozenset("of de del di du des den der the le la el il da do no em en in im am a".split())
_LAST = (
    "last past previous letzte letzten letzter letztes letztem vorige vorigen voriges dernier derniere passe passee pasado "
    "pasada ultimo ultima scorso scorsa passato passata passado passada прошлый прошлая прошлое прошлой прошлого прошлым "
    "прошлом прошлую"
)
LAST: Final = dict.fromkeys(_LAST.split(), 1)
THIS: Final = dict.fromkeys(
    "this diese dieser dieses diesen diesem ce cet cette este esta questo questa quest neste nesta deste "
    "этот эта это этой этого этим этом эту".split(),
    0,
)
DAYS: Final = _table(
    {
        0: "today|heute|aujourd'hui|hoy|oggi|hoje|сегодня",
        -1: "yesterday|gestern|hier|ayer|ieri|ontem|вчера",
        -2: "day before yesterday|vorgestern|avant-hier|anteayer|l'altro ieri|anteontem|позавчера",
    }
)
UNITS: Final = _table(
    {
        7: "week|Woche|semaine|semana|settimana|неделя|неделе|недели|неделю",
        2: "weekend|Wochenende|week-end|fin de semana|fine settimana|fim de semana|выходные|выходных",
        31: "month|Monat|mois|mes|mese|mês|месяц|месяце|месяца",
        365: "year|Jahr|année|an|año|anno|ano|год|году|года",
    }
)
"""By days: a week, a weekend, a month, a year."""
MONTHS: Final = _table(
    {
        1: "January|Jan|Januar|Jänner|janvier|janv|enero|ene|gennaio|janeiro|январь|января|январе|янв",
        2: "February|Feb|Februar|février|févr|febrero|febbraio|fevereiro|fev|февраль|февраля|феврале|фев",
        3: "March|März|mars|marzo|março|март|марта|марте",
        4: "April|Apr|avril|avr|abril|abr|aprile|апрель|апреля|апреле|апр",
        5: "May|Mai|mayo|maggio|mag|maio|май|мая|мае",
        6: "June|Jun|Juni|juin|junio|giugno|giu|junho|июнь|июня|июне|июн",
        7: "July|Jul|Juli|juillet|juil|julio|luglio|lug|julho|июль|июля|июле|июл",
        8: "August|Aug|août|agosto|август|августа|августе|авг",
        9: "September|Sep|Sept|septembre|septiembre|settembre|setembro|сентябрь|сентября|сентябре|сен|сент",
        10: "October|Oct|Oktober|Okt|octobre|octubre|ottobre|ott|outubro|октябрь|октября|октябре|окт",
        11: "November|Nov|novembre|noviembre|novembro|ноябрь|ноября|ноябре|ноя",
        12: "December|Dec|Dezember|Dez|décembre|déc|diciembre|dic|dicembre|dezembro|декабрь|декабря|декабре|дек",
    }
)
SEASONS: Final = _table(
    {
        1: "spring|Frühling|Frühjahr|printemps|primavera|весна|весной|весны|весну",
        2: "summer|Sommer|été|verano|estate|verão|лето|летом|лета|лете",
        3: "autumn|fall|Herbst|automne|otoño|autunno|outono|осень|осенью|осени",
        4: "winter|hiver|invierno|inverno|зима|зимой|зимы|зиму",
    }
)
"""From spring, 1, to winter, 4."""
WEEKDAYS: Final = _table(
    {
        1: "Monday|Montag|lundi|lunes|lunedì|segunda-feira|понедельник",
        2: "Tuesday|Dienstag|mardi|martes|martedì|terça-feira|вторник",
        3: "Wednesday|Mittwoch|mercredi|miércoles|mercoledì|quarta-feira|среда|среду",
        4: "Thursday|Donnerstag|jeudi|jueves|giovedì|quinta-feira|четверг",
        5: "Friday|Freitag|vendredi|viernes|venerdì|sexta-feira|пятница|пятницу",
        6: "Saturday|Samstag|Sonnabend|samedi|sábado|sabato|суббота|субботу",
        7: "Sunday|Sonntag|dimanche|domingo|domenica|воскресенье",
    }
)
HOLIDAYS: Final = _table(
    {
        1224_1226: "Christmas|Xmas|Weihnachten|Noël|Navidad|Natale|Natal|Рождество",
        1224_1224: "Christmas Eve|Heiligabend|Heiliger Abend|Nochebuena|réveillon de Noël|vigilia di Natale|véspera de Natal",
        1231_1231: "New Year's Eve|Silvester|Nochevieja|Saint-Sylvestre|San Silvestro|réveillon|véspera de Ano Novo",
        101_0101: "New Year's Day|New Year|Neujahr|Nouvel An|Año Nuevo|Capodanno|Ano Novo|Новый год",
        1031_1031: "Halloween|Хэллоуин",
        214_0214: "Valentine's Day|Valentinstag|Saint-Valentin|San Valentín|San Valentino",
        704_0704: "Independence Day",
        714_0714: "Bastille Day|quatorze juillet",
    }
)
"""The first and the last day, both as month and day: 1224_1226 is from 24 to 26 December."""
DECADE_WORDS: Final = frozenset("anni annees anos".split())
