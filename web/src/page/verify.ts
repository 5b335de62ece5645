// SPDX-License-Identifier: Apache-2.0
// verify.html: drop a bundle on it, and it says what holds. Everything is computed here; the page may reach nothing (its own policy forbids it). Knows no
// format: the core below `bundle/` does. The words are those of our catalogues, put in when the page was built.

import { canCheck } from "../bundle/notes";
import { FIRST, type Line, Report, rfc3339 } from "../bundle/report";
import { type Beside, type Summary, verifyBundle } from "../bundle/verify";

type Language = "kk" | "ru" | "en";
type Table = Record<string, string>;
interface Words {
  page: Table;
  headings: Table;
  facts: Table;
  columns: Table;
  states: Table;
  endings: string[];
  lines: Table;
}

const NAMES: Record<Language, string> = { kk: "Қазақша", ru: "Русский", en: "English" };
const LANGUAGES = Object.keys(NAMES) as Language[];
/** What counts as not being in the film. */
const GAPS = FIRST.slice(0, 8);

const { words, beside } = JSON.parse(one("#words").textContent ?? "") as { words: Record<Language, Words>; beside: Beside };
const start = navigator.languages.map((each) => each.slice(0, 2)).find((each): each is Language => (LANGUAGES as string[]).includes(each));

let language: Language = start ?? "kk";
let answer: { file: File; report: Report; summary: Summary } | null = null;
let step: { name: "reading" | "proving"; done: number; total: number } = { name: "reading", done: 0, total: 0 };
let busy = false;

function one<T extends HTMLElement = HTMLElement>(selector: string): T {
  return document.querySelector<T>(selector)!;
}

function make(name: string, text = "", className = ""): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function filled(text: string, facts: Record<string, string | number>): string {
  return Object.entries(facts).reduce((said, [name, value]) => said.replaceAll(`{${name}}`, String(value)), text);
}

const say = (line: Line): string => filled(words[language].lines[line.code] ?? line.code, line.facts);

// ---------------------------------------------------------------------------------------------------------------- showing

function show(): void {
  document.documentElement.lang = language;
  for (const place of document.querySelectorAll<HTMLElement>("[data-say]")) {
    const [table, name] = place.dataset["say"]!.split(".") as ["page" | "headings" | "columns", string];
    place.textContent = words[language][table][name]!;
  }
  document.title = `${words[language].page["title"]!}: verify.html`;
  one("#languages").setAttribute("aria-label", words[language].page["language"]!);
  for (const button of document.querySelectorAll<HTMLButtonElement>("nav button")) button.setAttribute("aria-pressed", String(button.lang === language));
  one("#ask").hidden = busy || answer !== null || !one("#unable").hidden;
  one("#work").hidden = !busy;
  one("#answer").hidden = answer === null;
  showStep();
  if (answer) showAnswer(answer.report, answer.summary, answer.file);
}

function showStep(): void {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
  one("#step").textContent = words[language].page[step.name]!;
  const bar = one<HTMLProgressElement>("#bar");
  if (step.name === "reading" && step.total) bar.value = step.done / step.total;
  else bar.removeAttribute("value");
  one("#amount").textContent = step.total ? filled(words[language].page["of"]!, { done: megabytes(step.done), total: megabytes(step.total) }) : "";
}

function showAnswer(report: Report, summary: Summary, file: File): void {
  const ending = report.ending;
  one("#verdict").className = `verdict e${ending}`;
  one("#ending").textContent = words[language].endings[ending]!;
  one("#partly").hidden = !report.has("NOT_CHECKED");
  showFacts(summary, file);
  const troubles = report.lines.filter((line) => line.state === "FAIL" || line.state === "MISSING");
  one("#troubles").hidden = troubles.length === 0;
  one("#troubles ul").replaceChildren(...troubles.map((line) => item(line, true)));
  const gaps = report.lines.filter((line) => GAPS.includes(line.code));
  const accounted = report.lines.some((line) => line.code === "film.accounted");
  one("#gaps").hidden = report.ending === 3 && !accounted;
  one("#gaps ul").replaceChildren(...(gaps.length ? gaps.map((line) => item(line, false)) : [make("li", words[language].page[accounted ? "nothing_absent" : "absent_unknown"])]));
  one("#rows tbody").replaceChildren(...report.lines.map(row));
}

const moment = (at: number): string => `${rfc3339(at).replace("T", " ").replace(/(?:\.000)?Z$/, "")} UTC`;

function showFacts(summary: Summary, file: File): void {
  const { contents } = summary;
  const facts = words[language].facts;
  const told: [string, string | undefined][] = [
    [facts["election"]!, summary.election?.[language]],
    [facts["station"]!, contents && [...new Set([contents.station, summary.station?.[language] ?? contents.station])].join(", ")],
    [facts["cameras"]!, contents?.cameras.join(", ")],
    [facts["from"]!, contents && moment(contents.since)],
    [facts["to"]!, contents && moment(contents.until)],
    [words[language].page["file"]!, file.name],
  ];
  one("#facts").replaceChildren(...told.flatMap(([name, value]) => (value ? [make("dt", name), make("dd", value)] : [])));
}

function item(line: Line, marked: boolean): HTMLElement {
  const made = make("li", say(line), line.state);
  if (marked) made.prepend(state(line), " ");
  made.append(make("span", line.check, "where"));
  return made;
}

function state(line: Line): HTMLElement {
  const made = make("span", "", `state ${line.state}`);
  const sign = make("span", "", "sign");
  sign.setAttribute("aria-hidden", "true");
  made.append(sign, words[language].states[line.state]!);
  return made;
}

function row(line: Line): HTMLElement {
  const made = make("tr", "", line.state);
  Object.assign(made.dataset, { state: line.state, check: line.check, code: line.code });
  const first = make("td");
  first.append(state(line));
  made.append(first, make("td", say(line)), make("td", line.check, "check"));
  return made;
}

// --------------------------------------------------------------------------------------------------------------- checking

/** A browser that knows no Ed25519 would find every signature wrong: it must not judge at all. */
const able = canCheck();

async function check(file: File): Promise<void> {
  if (busy || !(await able) || busy) return;
  [busy, answer] = [true, null];
  step = { name: "reading", done: 0, total: 0 };
  one("#one").hidden = true;
  show();
  let shown = 0;
  const progress = (done: number, total: number): void => {
    step = { name: done < total ? "reading" : "proving", done, total };
    // Not more often than an eye can follow: drawing would cost more than hashing.
    if (done === total || done - shown > total / 200) {
      shown = done;
      showStep();
    }
  };
  try {
    answer = { file, ...(await verifyBundle(file, beside, progress)) };
  } catch (error) {
    // A fault of ours, never a verdict about the film.
    const report = new Report();
    report.notChecked("page", "page.stumbled", { why: error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 200) : "?" });
    answer = { file, report, summary: {} };
  }
  busy = false;
  show();
  one("#ending").focus();
}

function again(): void {
  answer = null;
  one<HTMLInputElement>("#file").value = "";
  show();
  one("#file").focus();
}

function listen(): void {
  const input = one<HTMLInputElement>("#file");
  const drop = one("#drop");
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) void check(file);
  });
  // Anywhere on the page: a file that misses the frame must not make the browser leave it.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const files = event.dataTransfer?.files;
    one("#one").hidden = files?.length === 1;
    if (files?.length === 1) void check(files[0]!);
  });
  one("#print").addEventListener("click", () => window.print());
  one("#again").addEventListener("click", again);
}

async function begin(): Promise<void> {
  for (const each of LANGUAGES) {
    const button = make("button", NAMES[each]) as HTMLButtonElement;
    button.type = "button";
    button.lang = each;
    button.addEventListener("click", () => {
      language = each;
      show();
    });
    one("#languages").append(button);
  }
  listen();
  one("#unable").hidden = await able;
  show();
}

void begin();
