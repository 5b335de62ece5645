# SPDX-License-Identifier: Apache-2.0
"""The words of the custody sheet that goes with a disk or telephone, whole for each language."""

from collections.abc import Mapping
from typing import Any, Final

CUSTODY: Final[Mapping[str, Mapping[str, Any]]] = {
    "kk": {
        "title": "Бейнежазба тасымалдағышын тапсыру парағы",
        "facts": {
            "election": "Сайлау", "station": "Учаске", "pack": "Бума нөмірі", "at": "Жасалған уақыты (UTC)", "trust": "Сағатты растаған", "entries": "Журналдағы жазбалар",
            "files": "Файлдар", "size": "Көлемі, байт", "left": "Сыймай қалған файлдар", "sheet": "Парақтың SHA-256 мәні", "seals": "Пломба нөмірлері",
        },
        "hands": ("Тапсырды", "Қабылдады"),
        "hand_columns": ("", "Қызметі", "Күні мен уақыты", "Қолы"),
        "roles": {
            "chair": "комиссия төрағасы", "member": "комиссия мүшесі", "observer": "байқаушы", "territorial": "аумақтық комиссия", "courier": "тасымалдаушы", "": "",
        },
        "trusts": {"none": "ешкім", "rtc": "құрылғының сағаты", "ntp": "уақыт сервері", "centre": "орталық"},
        "none": "жоқ",
        "how": "QR кодта учаске кілтімен қойылған қолтаңба бар: ол бума мен осы парақты байланыстырады. Орталық буманы тексереді, ал тасымалдаушыға сенбейді: өзгертілген немесе "
        "бүлінген файл анықталады. Тасымалдағышты орталық қолхат бергенше сақтаңыз; құрылғыдағы бейнежазба да сол уақытқа дейін жойылмайды. Пломба нөмірлерін "
        "қабылдау кезінде салыстырыңыз. Бұл парақта адамдардың аты жазылмайды: қол қою жеткілікті.",
    },
    "ru": {
        "title": "Лист передачи носителя с видеозаписью",
        "facts": {
            "election": "Выборы", "station": "Участок", "pack": "Номер пакета", "at": "Составлен (UTC)", "trust": "Часы подтверждает", "entries": "Записей в журнале",
            "files": "Файлов", "size": "Объём, байт", "left": "Файлов не поместилось", "sheet": "SHA-256 листа", "seals": "Номера пломб",
        },
        "hands": ("Сдал", "Принял"),
        "hand_columns": ("", "Должность", "Дата и время", "Подпись"),
        "roles": {
            "chair": "председатель комиссии", "member": "член комиссии", "observer": "наблюдатель", "territorial": "территориальная комиссия", "courier": "курьер", "": "",
        },
        "trusts": {"none": "никто", "rtc": "часы устройства", "ntp": "сервер времени", "centre": "центр"},
        "none": "нет",
        "how": "В QR-коде подпись ключом участка: она связывает пакет с этим листом. Центр проверяет пакет и не полагается на того, кто его вёз: изменённый или повреждённый файл "
        "будет обнаружен. Храните носитель, пока центр не выдаст расписки; до тех пор не удаляется и запись на устройстве. Номера пломб сверьте при приёме. "
        "Имена на этом листе не пишутся: достаточно подписи.",
    },
    "en": {
        "title": "Custody sheet of a medium with film",
        "facts": {
            "election": "Election", "station": "Station", "pack": "Pack", "at": "Made at (UTC)", "trust": "Clock vouched for by", "entries": "Entries of the log",
            "files": "Files", "size": "Size in bytes", "left": "Files that found no room", "sheet": "SHA-256 of the sheet", "seals": "Numbers of seals",
        },
        "hands": ("Handed over", "Taken"),
        "hand_columns": ("", "Function", "Date and time", "Signature"),
        "roles": {
            "chair": "chair of the commission", "member": "member of the commission", "observer": "observer", "territorial": "territorial commission", "courier": "courier",
            "": "",
        },
        "trusts": {"none": "nobody", "rtc": "the box's own clock", "ntp": "a time server", "centre": "the centre"},
        "none": "none",
        "how": "The QR code holds the signature of the station's key: it binds the pack to this sheet. The centre checks the pack and trusts nobody who carried it: a file that was "
        "altered or damaged is found. Keep the medium until the centre has given receipts; until then the film in the box is not deleted either. Compare the numbers of the seals "
        "when you take it. No names are written on this sheet: a signature is enough.",
    },
}
