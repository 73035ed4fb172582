// The check of the whole log: every entry is read and hashed, and the root over them compared with what was signed.

import { checkKey, recall, remember } from "./memory.js";
import { Failure, Unfinished, WIDTH, checkSignature, leafHash, readCheckpoint, readKey, readReceipt, rootOf, same } from "./proof.js";
import { number, read, ready, text } from "./steps.js";

const AT_ONCE = 4;

const HASH = 32;

/** C2SP tlog-tiles: where tile `index` stands; `kind` is `entries`, or 0 for the hashes over them. */
function tilePath(kind, index, width) {
  const group = (value) => String(value % 1000).padStart(3, "0");
  let path = group(index);
  for (let rest = Math.floor(index / 1000); rest; rest = Math.floor(rest / 1000)) path = `x${group(rest)}/${path}`;
  return `tile/${kind}/${path}${width === WIDTH ? "" : `.p/${width}`}`;
}

function entriesOf(bundle, width, line) {
  const where = `Vanaf regel ${number(line)}`;
  const entries = [];
  for (let at = 0; at < bundle.length; ) {
    const length = (bundle[at] << 8) | bundle[at + 1];
    if (at + 2 + length > bundle.length || at + 1 >= bundle.length) throw new Failure(`${where}: een bundel regels is afgebroken.`);
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (entries.length !== width) throw new Failure(`${where}: een bundel bevat niet het aantal regels dat het logboek noemt.`);
  return entries;
}

function flat(hashes) {
  const all = new Uint8Array(hashes.length * HASH);
  hashes.forEach((hash, place) => all.set(hash, place * HASH));
  return all;
}

/** Reads `size` entries; gives the root over the first n of them for every n in `sizes`, and the hashes of each tile. */
async function rootsAt(files, size, sizes, progress) {
  const tiles = Math.ceil(size / WIDTH);
  const wanted = [...new Set(sizes)];
  const roots = new Array(tiles);
  const hashes = new Array(tiles);
  const partial = new Map();
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < tiles) {
      const index = next++;
      const width = Math.min(WIDTH, size - index * WIDTH);
      const bundle = await read(files + tilePath("entries", index, width));
      const leaves = await Promise.all(entriesOf(bundle, width, index * WIDTH + 1).map(leafHash));
      hashes[index] = flat(leaves);
      roots[index] = await rootOf(leaves);
      for (const each of wanted) {
        if (each % WIDTH && Math.floor(each / WIDTH) === index) partial.set(each, await rootOf(leaves.slice(0, each % WIDTH)));
      }
      progress((done += width));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const found = new Map();
  for (const each of wanted) {
    const whole = roots.slice(0, Math.floor(each / WIDTH));
    found.set(each, await rootOf(partial.has(each) ? [...whole, partial.get(each)] : whole));
  }
  return { found, hashes };
}

/** The first line that is another than the one signed for; null where the hub's own hashes do not lead to the root either. */
async function firstChanged(files, size, root, hashes) {
  const roots = [];
  let first = null;
  for (const [index, mine] of hashes.entries()) {
    const width = Math.min(WIDTH, size - index * WIDTH);
    const signed = await read(files + tilePath(0, index, width));
    if (signed.length !== mine.length) return null;
    const parts = Array.from({ length: width }, (_, place) => signed.subarray(place * HASH, (place + 1) * HASH));
    roots.push(await rootOf(parts));
    const place = parts.findIndex((hash, at) => !same(hash, mine.subarray(at * HASH, (at + 1) * HASH)));
    if (first === null && place >= 0) first = index * WIDTH + place + 1;
  }
  return same(await rootOf(roots), root) ? first : null;
}

/** A checkpoint as someone pastes it: with other line ends, or with the receipt that it came in. */
function pasted(words, key) {
  const clean = `${words.replaceAll("\r", "").trim()}\n`;
  return readCheckpoint(clean.startsWith("c2sp.org/tlog-proof@") ? readReceipt(clean).note : clean, key);
}

async function check(panel, steps) {
  const bar = panel.querySelector("progress");
  const words = panel.querySelector("textarea").value.trim();
  let key, checkpoint, roots, hashes, given, kept;
  await steps.run("Het controlepunt ophalen", async () => {
    key = await readKey(panel.dataset.key);
    checkpoint = readCheckpoint(text(await read(`${panel.dataset.files}checkpoint`)), key);
    return `het logboek zegt ${number(checkpoint.size)} regels te hebben.`;
  });
  await steps.run("De sleutel van het logboek", async () => checkKey(key));
  await steps.run("De handtekening onder het controlepunt", async () => {
    await checkSignature(checkpoint, key);
    return "gezet met de sleutel van dit logboek.";
  });
  if (words) {
    await steps.run("De handtekening onder het controlepunt van de partner", async () => {
      try {
        given = pasted(words, key);
        await checkSignature(given, key);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        throw new Unfinished(`Wat u plakte, kan de browser niet gebruiken. ${error.message} Plak het controlepunt letterlijk en volledig.`);
      }
      return `het logboek tekende eerder voor ${number(given.size)} regels.`;
    });
  }
  await steps.run("Alle regels ophalen en narekenen", async () => {
    kept = recall(key.name);
    for (const each of [kept, given]) {
      if (each?.size > checkpoint.size) {
        throw new Failure(`Er waren ${number(each.size)} regels en nu nog ${number(checkpoint.size)}: het logboek is korter geworden.`);
      }
    }
    const sizes = [checkpoint, kept, given].flatMap((each) => (each?.size ? [each.size] : []));
    bar.max = checkpoint.size;
    bar.value = 0;
    bar.hidden = false;
    ({ found: roots, hashes } = await rootsAt(panel.dataset.files, checkpoint.size, sizes, (done) => (bar.value = done)));
    return `${number(checkpoint.size)} regels gelezen.`;
  });
  await steps.run("De regels zijn die waarvoor is getekend", async () => {
    if (!same(roots.get(checkpoint.size), checkpoint.root)) {
      // That it is wrong is certain by now, whether or not the hub says which line.
      const line = await firstChanged(panel.dataset.files, checkpoint.size, checkpoint.root, hashes).catch(() => null);
      const which = line === null ? "er is een regel veranderd, weg of bijgezet" : `regel ${number(line)} is veranderd`;
      throw new Failure(`De regels leiden niet tot het ondertekende controlepunt: ${which}.`);
    }
    return "de uitkomst is gelijk aan het controlepunt.";
  });
  await steps.run("Het logboek is sinds de vorige keer alleen gegroeid", async () => {
    if (!kept?.size) return "Deze browser had nog geen controlepunt gezien en heeft nu iets om later mee te vergelijken.";
    if (!same(roots.get(kept.size), kept.root)) throw new Failure("De regels die deze browser eerder zag, zijn veranderd.");
    return `de ${number(kept.size)} regels van toen staan er nog precies zo.`;
  });
  if (given?.size) {
    await steps.run("Het logboek begint met wat de partner zag", async () => {
      if (!same(roots.get(given.size), given.root)) throw new Failure("De partner kreeg een ander logboek te zien dan dit.");
      return `de eerste ${number(given.size)} regels zijn dezelfde.`;
    });
  }
  if (!steps.unable) remember(key, checkpoint);
  // Without something from before, a log that was rewritten and signed anew would pass all of the above.
  const since = Math.max(kept?.size ?? 0, given?.size ?? 0);
  return [
    "Het logboek is heel",
    `Alle ${number(checkpoint.size)} regels zijn er, zoals het logboek ze ondertekende. ` +
      (since
        ? `Aan de eerste ${number(since)} is niets veranderd sinds u of een partner ze zag.`
        : "Of er vóór vandaag iets is veranderd, ziet u pas met een ouder controlepunt: plak er hierboven een van een partner."),
  ];
}

for (const panel of document.querySelectorAll('[data-check="whole"]')) {
  ready(panel, (steps) => check(panel, steps), "Het logboek klopt niet");
}
