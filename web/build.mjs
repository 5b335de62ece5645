// SPDX-License-Identifier: Apache-2.0
// Builds the islands: every web/src/*.ts becomes src/kua/web/static/<name>.js, an ES module that a page loads with
// <script type="module">. What an island loads by `import()` (hls.js) becomes a file of its own, so that a page without a
// film never pays for a player. Style sheets and the three subsets of Inter that our languages need go along. verify.html is a page of one file: script,
// style and the words of all languages are inside it, and its own policy lets it reach nothing. The same sources make the same page.
// This script checks no types: `make web` runs tsc for that.

import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build, transform } from "esbuild";
import subset from "subset-font";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src");
const target = join(here, "..", "src", "kua", "web", "static");

// The letters that our three languages and our signs need, by subset of the package. The Kazakh Ә Ғ Қ Ң Ө Ү Һ live in cyrillic-ext; І and Ұ
// in cyrillic. Cut down to these and to weights 400-650, Inter costs 34 kB instead of 93: a page must arrive on a slow line.
const run = (from, to) => String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, at) => from + at));
const SUBSETS = {
  latin: run(0x20, 0x7e) + "\u00a0«»·°±×–—‘’“”„•…−\u2009\u202f",
  cyrillic: run(0x410, 0x44f) + "ЁёІіҰұ№",
  "cyrillic-ext": "ӘәҒғҚқҢңӨөҮүҺһ",
};
const WEIGHTS = { min: 400, max: 650 };
const INTER = join(here, "node_modules", "@fontsource-variable", "inter");

const named = async (folder, ending) => {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(ending) && !name.endsWith(".d.ts")).sort();
};

/** Removes what an earlier build left, and only what a build makes. */
async function clear() {
  await mkdir(target, { recursive: true });
  for (const ending of [".js", ".css", ".html"]) {
    for (const name of await named(target, ending)) await rm(join(target, name));
  }
  await rm(join(target, "fonts"), { recursive: true, force: true });
}

async function bundle() {
  const entries = await named(source, ".ts");
  if (entries.length === 0) return;
  await build({
    entryPoints: entries.map((name) => join(source, name)),
    outdir: target,
    bundle: true,
    format: "esm",
    splitting: true,
    chunkNames: "[name]-[hash]",
    target: ["es2022"],
    minify: true,
    legalComments: "inline",
    alias: { "hls.js": "hls.js/dist/hls.light.mjs" },
    logLevel: "warning",
  });
}

/** The script of the page that checks, for copies that others host: one file, no module, so that it runs from a folder too. */
async function alone() {
  const entry = join(source, "alone", "check.ts");
  await build({ entryPoints: [entry], outfile: join(target, "check-alone.js"), bundle: true, format: "iife", target: ["es2022"], minify: true, legalComments: "inline", charset: "utf8", logLevel: "warning" });
}

async function styles() {
  for (const name of await named(source, ".css")) await cp(join(source, name), join(target, name));
}

/** Cuts the upright face of Inter to size and writes the style sheet that names it; the ranges are the package's own. */
async function fonts() {
  const ranges = JSON.parse(await readFile(join(INTER, "unicode.json"), "utf-8"));
  await mkdir(join(target, "fonts"), { recursive: true });
  const faces = [];
  for (const [part, letters] of Object.entries(SUBSETS)) {
    const name = `inter-${part}.woff2`;
    const whole = await readFile(join(INTER, "files", `inter-${part}-wght-normal.woff2`));
    await writeFile(join(target, "fonts", name), await subset(whole, letters, { targetFormat: "woff2", variationAxes: { wght: WEIGHTS } }));
    faces.push(
      `@font-face{font-family:"Inter";font-style:normal;font-display:swap;font-weight:400 650;` +
        `src:url("fonts/${name}") format("woff2");unicode-range:${ranges[part]}}`,
    );
  }
  await cp(join(INTER, "LICENSE"), join(target, "fonts", "LICENSE"));
  await writeFile(join(target, "fonts.css"), `${faces.join("\n")}\n`);
}

/** Puts verify.html together. `words.json` is made by tools/page_words.py, from the catalogues. */
async function page() {
  const folder = join(source, "page");
  const made = await build({ entryPoints: [join(folder, "verify.ts")], bundle: true, format: "iife", target: ["es2022"], minify: true, charset: "utf8", write: false, logLevel: "warning" });
  const script = made.outputFiles[0].text.trim();
  const style = (await transform(await readFile(join(folder, "verify.css"), "utf-8"), { loader: "css", minify: true, charset: "utf8" })).code.trim();
  const words = JSON.stringify(JSON.parse(await readFile(join(here, "words.json"), "utf-8"))).replaceAll("<", "\\u003c");
  if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style)) throw new Error("verify.html: what is put in would end its own element");
  const digest = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const csp = `default-src 'none'; script-src ${digest(script)}; style-src ${digest(style)}; base-uri 'none'; form-action 'none'`;
  const parts = { csp, style, words, script };
  const whole = (await readFile(join(folder, "verify.html"), "utf-8")).replace(/\{(csp|style|words|script)\}/g, (_, name) => parts[name]);
  await writeFile(join(target, "verify.html"), whole);
}

async function report() {
  for (const name of [...(await named(target, ".js")), ...(await named(target, ".css")), ...(await named(target, ".html"))]) {
    console.log(`${String((await stat(join(target, name))).size).padStart(9)}  ${name}`);
  }
}

await clear();
await bundle();
await alone();
await styles();
await fonts();
await page();
await report();
