// SPDX-License-Identifier: Apache-2.0
// The account of one camera's day and its coverage, as `kua.media.timeline` and `kua.media.coverage` add it up. Times are Unix milliseconds.

import { type Leaf, num, txt } from "./leaf";

export interface Film {
  readonly kind: "film";
  readonly leaf: number;
  readonly t0: number;
  readonly t1: number;
  readonly seq: number;
  readonly run: string;
  readonly name: string;
  readonly initName: string;
  readonly sha256: string;
  readonly size: number;
  readonly init: string;
  readonly phase: string;
}

export interface Gap {
  readonly kind: "gap";
  readonly leaf: number;
  readonly t0: number;
  readonly t1: number;
  readonly seq: number;
  readonly reason: string;
}

export interface Span {
  readonly t0: number;
  readonly t1: number | null;
  readonly reason: string;
}

export type Stretch = readonly [from: number, to: number, why: string];

export class Day {
  opened: number | null = null;
  closed: number | null = null;
  items: (Film | Gap)[] = [];
  hidden: Span[] = [];
  withdrawn: Span[] = [];

  constructor(readonly cam: string) {}

  /** Take a leaf into account if it speaks of this camera or of the whole station. */
  add(leaf: Leaf): void {
    const { index, type, body } = leaf;
    if (type === "open") {
      if (this.opened === null && (body["cams"] as { cam: string }[]).some((each) => each.cam === this.cam)) this.opened = num(leaf, "at");
    } else if (type === "close") {
      this.closed = num(leaf, "at");
    } else if (body["cam"] === this.cam) {
      const [t0, t1] = [num(leaf, "t0"), num(leaf, "t1")];
      if (type === "segment") {
        const run = txt(leaf, "run");
        this.items.push({
          kind: "film", leaf: index, t0, t1, seq: num(leaf, "seq"), run, name: `${run}-${num(leaf, "slot")}.m4s`, initName: `${run}-init.mp4`, sha256: txt(leaf, "sha256"),
          size: num(leaf, "size"), init: txt(leaf, "init"), phase: txt(leaf, "phase"),
        });
      } else if (type === "gap") {
        this.items.push({ kind: "gap", leaf: index, t0, t1, seq: num(leaf, "seq"), reason: txt(leaf, "reason") });
      } else if (type === "hidden") {
        this.hidden.push({ t0, t1, reason: txt(leaf, "reason") });
      } else if (type === "withdrawn") {
        this.withdrawn.push({ t0, t1: body["t1"] === null ? null : t1, reason: txt(leaf, "article") });
      }
    }
  }

  get films(): Film[] {
    return this.items.filter((item) => item.kind === "film");
  }

  isWithdrawn(item: Film | Gap): boolean {
    return this.withdrawn.some((span) => item.t0 < (span.t1 ?? item.t1 + 1) && span.t0 < item.t1);
  }

  /** Only the items that have time in common with [since, until); they stay as they are. */
  touching(since: number, until: number): Day {
    return this.like({ items: this.items.filter((item) => item.t0 < until && since < item.t1) });
  }

  /** The day cut to [since, until), as if it had been opened and closed then. */
  within(since: number, until: number): Day {
    const cut = <T extends { t0: number; t1: number }>(item: T): T => ({ ...item, t0: Math.max(item.t0, since), t1: Math.min(item.t1, until) });
    const hidden = this.hidden.filter((span): span is Span & { t1: number } => span.t1 !== null && span.t0 < until && since < span.t1);
    return this.like({ opened: since, closed: until, items: this.touching(since, until).items.map(cut), hidden: hidden.map(cut) });
  }

  like(other: Partial<Pick<Day, "opened" | "closed" | "items" | "hidden">>): Day {
    const { opened, closed, items, hidden, withdrawn } = this;
    return Object.assign(new Day(this.cam), { opened, closed, items, hidden, withdrawn }, other);
  }

  account(): { recorded: number; gaps: number; hidden: number; unaccounted: number; overlapping: number } {
    const length = (kind: string): number => this.items.filter((item) => item.kind === kind).reduce((sum, item) => sum + item.t1 - item.t0, 0);
    let [unaccounted, overlapping, cursor] = [0, 0, this.opened];
    for (const item of this.items) {
      if (cursor !== null) {
        unaccounted += Math.max(0, item.t0 - cursor);
        overlapping += Math.max(0, cursor - item.t0);
      }
      cursor = item.t1;
    }
    if (this.closed !== null && cursor !== null) {
      unaccounted += Math.max(0, this.closed - cursor);
      overlapping += Math.max(0, cursor - this.closed);
    }
    return { recorded: length("film"), gaps: length("gap"), hidden: total(apart(stretches(this.hidden))), unaccounted, overlapping };
  }
}

export interface Coverage {
  readonly recorded: number;
  readonly visible: number;
  readonly published: number;
  readonly withdrawn: number;
  readonly gaps: readonly Stretch[];
  readonly hidden: readonly Stretch[];
  readonly astray: number;
}

/** `present`: SHA-256 of the segments that are here. */
export function coverageOf(day: Day, present: ReadonlySet<string>): Coverage {
  const length = (films: readonly Film[]): number => films.reduce((sum, film) => sum + film.t1 - film.t0, 0);
  const covers = apart(stretches(day.hidden));
  const hidden = within(covers, apart(day.films.map((film) => [film.t0, film.t1, ""])));
  const recorded = length(day.films);
  return {
    recorded,
    visible: recorded - total(joined(hidden)),
    published: length(day.films.filter((film) => present.has(film.sha256) && !day.isWithdrawn(film))),
    withdrawn: length(day.films.filter((film) => day.isWithdrawn(film))),
    gaps: joined(apart(day.items.filter((item) => item.kind === "gap").map((item) => [item.t0, item.t1, item.reason]))),
    hidden: joined(hidden),
    astray: total(covers) - total(hidden),
  };
}

/** Milliseconds and number of spans by cause, causes sorted. */
export function byCause(spans: readonly Stretch[]): [cause: string, length: number, count: number][] {
  const causes = [...new Set(spans.map((span) => span[2]))].sort();
  return causes.map((cause) => {
    const of = spans.filter((span) => span[2] === cause);
    return [cause, total(of), of.length];
  });
}

const total = (spans: readonly Stretch[]): number => spans.reduce((sum, [t0, t1]) => sum + t1 - t0, 0);
const stretches = (spans: readonly Span[]): Stretch[] => spans.flatMap((span) => (span.t1 === null ? [] : [[span.t0, span.t1, span.reason] as const]));

/** In order and without overlap: what two share stays with the one that began first. */
function apart(spans: Stretch[]): Stretch[] {
  const made: Stretch[] = [];
  let end = -1;
  for (const [t0, t1, why] of [...spans].sort((left, right) => left[0] - right[0] || left[1] - right[1])) {
    if (t1 > end) {
      made.push([Math.max(t0, end), t1, why]);
      end = t1;
    }
  }
  return made;
}

/** The parts of `spans` that lie within `among`; both without overlap and in order. */
function within(spans: Stretch[], among: Stretch[]): Stretch[] {
  const parts: Stretch[] = [];
  let at = 0;
  for (const [t0, t1, why] of spans) {
    while (at < among.length && among[at]![1] <= t0) at++;
    for (let next = at; next < among.length && among[next]![0] < t1; next++) parts.push([Math.max(t0, among[next]![0]), Math.min(t1, among[next]![1]), why]);
  }
  return parts;
}

function joined(spans: Stretch[]): Stretch[] {
  const made: Stretch[] = [];
  for (const [t0, t1, why] of spans) {
    const last = made[made.length - 1];
    if (last && last[1] === t0 && last[2] === why) made[made.length - 1] = [last[0], t1, why];
    else made.push([t0, t1, why]);
  }
  return made;
}
