# SPDX-License-Identifier: Apache-2.0
"""The words of a court bundle's report on paper, whole for each language. The sentences of the checks themselves come from the catalogues."""

from collections.abc import Mapping
from typing import Any, Final

PAPER: Final[Mapping[str, Mapping[str, Any]]] = {
    "kk": {
        "title": "Сайлау учаскесінің бейнежазбасын тексеру туралы есеп",
        "columns": {"what": "Не", "value": "Мәні", "check": "Тексеру", "said": "Нәтижесі", "state": "Қорытынды"},
        "facts": {"election": "Сайлау", "station": "Учаске", "cameras": "Камералар", "from": "Басы", "to": "Соңы", "name": "Қапшық"},
        "headings": {
            "gaps": "Жазбада не жоқ", "coverage": "Қамту, секундпен", "verdict": "Қорытынды", "checks": "Тексерулер", "custody": "Кімнің қолында болды",
            "limits": "Бұл нені дәлелдемейді", "how": "Қалай тексеруге болады",
        },
        "none": "Бұл уақытта жазба толық: үзіліс те, жасырылған сурет те жоқ.",
        "coverage": ("Камера", "Жазылғаны", "Осында бары", "Үзіліс", "Жасырылғаны", "Есепсіз"),
        "custody": ("Әрекет", "Рөл", "Уақыты", "Ескерту"),
        "unsigned": "қол қойылмаған",
        "acts": {
            "made": "жасалды", "received": "алынды", "copied": "көшірілді", "opened": "ашылды", "handed_over": "тапсырылды", "sealed": "мөрленді",
            "unsealed": "мөрі алынды",
        },
        "limits": "Камераның алдында шын мәнінде не болғанын, кадрдан тыс не болғанын және адамдардың кім екенін бұл есеп дәлелдемейді. Адамдар жазба бөлмеден шықпай "
        "тұрып жасырылған. Қапшықтан тыс мәлімдемелер, мысалы кейінгі кері қайтару, мұнда көрінбейді.",
        "how": "Бұл қағазға емес, тексеруге сеніңіз: kua bundle verify ФАЙЛ.zip немесе python3 verify.pyz ФАЙЛ.zip. Желі де, тіркелгі де керек емес. Сайлау комиссиясының "
        "кілтін басқа жолмен біліп, --commission арқылы көрсетіңіз. Барлық файлдардың SHA-512 тізімі осы PDF ішіне салынған: manifest-sha512.txt.",
    },
    "ru": {
        "title": "Отчёт о проверке видеозаписи избирательного участка",
        "columns": {"what": "Что", "value": "Значение", "check": "Проверка", "said": "Что установлено", "state": "Итог"},
        "facts": {"election": "Выборы", "station": "Участок", "cameras": "Камеры", "from": "Начало", "to": "Конец", "name": "Пакет"},
        "headings": {
            "gaps": "Чего нет в записи", "coverage": "Охват, в секундах", "verdict": "Итог", "checks": "Проверки", "custody": "У кого находился пакет",
            "limits": "Чего это не доказывает", "how": "Как проверить",
        },
        "none": "Запись за это время полна: нет ни перерывов, ни скрытых кадров.",
        "coverage": ("Камера", "Записано", "Есть здесь", "Перерывы", "Скрыто", "Без учёта"),
        "custody": ("Действие", "Роль", "Время", "Примечание"),
        "unsigned": "не подписано",
        "acts": {
            "made": "создан", "received": "получен", "copied": "скопирован", "opened": "вскрыт", "handed_over": "передан", "sealed": "опечатан",
            "unsealed": "печать снята",
        },
        "limits": "Этот отчёт не доказывает, что происходило перед камерой на самом деле, что было вне кадра и кто эти люди. Люди скрыты прежде, чем запись покинула "
        "помещение. Заявления, которых нет в пакете, например более поздний отзыв, здесь не видны.",
        "how": "Верьте не этой бумаге, а проверке: kua bundle verify ФАЙЛ.zip или python3 verify.pyz ФАЙЛ.zip. Не нужны ни сеть, ни учётная запись. Ключ избирательной "
        "комиссии узнайте другим путём и укажите: --commission. Список SHA-512 всех файлов вложен в этот PDF: manifest-sha512.txt.",
    },
    "en": {
        "title": "Report on the check of a polling station's film",
        "columns": {"what": "What", "value": "Value", "check": "Check", "said": "What was found", "state": "Result"},
        "facts": {"election": "Election", "station": "Station", "cameras": "Cameras", "from": "From", "to": "To", "name": "Bundle"},
        "headings": {
            "gaps": "What is not in the film", "coverage": "Coverage, in seconds", "verdict": "Result", "checks": "Checks", "custody": "In whose hands it was",
            "limits": "What this does not prove", "how": "How to check it",
        },
        "none": "The film of this time is whole: there is no gap and no hidden picture.",
        "coverage": ("Camera", "Recorded", "Here", "In gaps", "Hidden", "Unaccounted"),
        "custody": ("Act", "Role", "Time", "Note"),
        "unsigned": "not signed",
        "acts": {
            "made": "made", "received": "received", "copied": "copied", "opened": "opened", "handed_over": "handed over", "sealed": "sealed", "unsealed": "unsealed",
        },
        "limits": "This report does not prove what really happened in front of the camera, what was out of the picture, or who the people are. People were hidden before "
        "the film left the room. Statements that are not in the bundle, such as a later withdrawal, are not seen here.",
        "how": "Believe not this paper but the check: kua bundle verify FILE.zip, or python3 verify.pyz FILE.zip. It needs neither network nor account. Learn the key of the "
        "electoral commission by another way and give it: --commission. The SHA-512 of all files are inside this PDF: manifest-sha512.txt.",
    },
}  # fmt: skip
"""By language, Kazakh first."""
