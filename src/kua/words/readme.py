# SPDX-License-Identifier: Apache-2.0
"""The readme of a court bundle, one whole text for each language: lawyers translate pages, not sentences."""

from typing import Final

READMES: Final = {
    "kk": """Бұл не
Бұл — сайлау учаскесінің бейнежазбасы және оның түпнұсқа екенін дәлелдейтін нәрсенің бәрі. Тексеру үшін желі де, тіркелгі де, рұқсат та керек емес.

Алдымен нені көру керек
report.pdf — есеп. Ол не жазылмағанын бірінші айтады. Есеп — қолайлылық үшін: оған емес, тексеруге сеніңіз.
data/working — қарапайым MP4 көшірмелер, кез келген ойнатқышта ашылады. Дәлел олар емес, data/s ішіндегі бөліктер.

Қалай тексеруге болады
1. Бағдарламаны басқа жерден алған дұрыс: kua bundle verify ФАЙЛ.zip (pip install kua).
2. Осы қапшықтағы verify.pyz: python3 verify.pyz ФАЙЛ.zip (тек cryptography кітапханасы керек).
3. verify.html (болса): екі рет басып, ашылған бетке zip файлын тастаңыз. Ештеңе ешқайда жіберілмейді.
Қапшықты берген адамға сенбесеңіз, 2 және 3 құралдарды сол адамнан емес, комиссиядан немесе байқаушылардан алыңыз.
Сайлау комиссиясының кілтін басқа жолмен біліп, --commission арқылы көрсетіңіз.

Жауаптар
0 — тексерілгеннің бәрі бүтін. 1 — бір нәрсе өзгертілген немесе жалған. 2 — бір нәрсе жетіспейді. 3 — тексеру мүмкін болмады.

Бұл нені дәлелдемейді
Камераның алдында не болғанын, кадрдан тыс не болғанын және адамдардың кім екенін дәлелдемейді. Адамдар жазба бөлмеден шықпай тұрып жасырылған.

Пішім: docs/spec/bundle.md, 1-нұсқа; BagIt (RFC 8493); C2SP tlog-proof.
""",
    "ru": """Что это
Видеозапись избирательного участка и всё, что доказывает её подлинность. Для проверки не нужны ни сеть, ни учётная запись, ни разрешение.

Что смотреть сначала
report.pdf — отчёт. Он прежде всего говорит, чего в записи нет. Отчёт дан для удобства: верьте не ему, а проверке.
data/working — обычные копии MP4, открываются любым проигрывателем. Доказательство — не они, а отрезки в data/s.

Как проверить
1. Лучше всего программой, взятой из другого места: kua bundle verify ФАЙЛ.zip (pip install kua).
2. Файлом verify.pyz отсюда: python3 verify.pyz ФАЙЛ.zip (нужна только библиотека cryptography).
3. Файлом verify.html (если он есть): откройте его двойным щелчком и перетащите на страницу файл zip. Ничего никуда не отправляется.
Если вы не доверяете тому, кто передал пакет, возьмите средства 2 и 3 не у него, а у комиссии или у наблюдателей.
Ключ избирательной комиссии узнайте другим путём и укажите его: --commission.

Ответы
0 — всё проверенное цело. 1 — что-то изменено или подделано. 2 — чего-то не хватает. 3 — проверить не удалось.

Чего это не доказывает
Что происходило перед камерой, что было вне кадра и кто эти люди. Люди скрыты прежде, чем запись покинула помещение.

Формат: docs/spec/bundle.md, версия 1; BagIt (RFC 8493); C2SP tlog-proof.
""",
    "en": """What this is
The film of a polling station, and everything that shows it to be genuine. Checking it needs no network, no account and no permission.

What to look at first
report.pdf is the report. It says first what is not in the film. It is there for convenience: believe the check, not the paper.
data/working holds ordinary MP4 copies that any player opens. They are not the evidence; the segments in data/s are.

How to check it
1. Best with a program from elsewhere: kua bundle verify FILE.zip (pip install kua).
2. With verify.pyz from here: python3 verify.pyz FILE.zip (it needs the library cryptography, nothing else).
3. With verify.html (where it is here): open it with a double click and drop the zip on the page. Nothing is sent anywhere.
If you do not trust whoever gave you this, get the tools of 2 and 3 from the commission or from observers, not from them.
Learn the key of the electoral commission by another way, and give it: --commission.

Answers
0: everything that was checked is intact. 1: something was altered or forged. 2: something is missing. 3: it could not be checked.

What it does not prove
What happened in front of the camera, what was out of the picture, and who the people are. People were hidden before the film left the room.

Format: docs/spec/bundle.md, version 1; BagIt (RFC 8493); C2SP tlog-proof.
""",
}
"""By language, Kazakh first."""
