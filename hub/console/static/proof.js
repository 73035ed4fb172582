// Proofs of the log, worked out by whoever reads them: RFC 9162 (2.1) trees, C2SP signed-note, tlog-checkpoint and tlog-proof.
// Reading is strict. What does not hold throws a Failure with a sentence for the reader.

export class Failure extends Error {}
/** This browser cannot check it: that is neither good nor bad. */
export class Unable extends Error {}
/** The check could not go on, which says nothing about the log. */
export class Unfinished extends Error {}

export const HASH_BYTES = 32;
export const WIDTH = 256;
const HEADER = "c2sp.org/tlog-proof@v1";
const ED25519 = 1;
const DECIMAL = /^(0|[1-9][0-9]{0,14})$/;

const utf8 = new TextEncoder();

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function unbase64(text, what) {
  try {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    if (bytes.length && base64(bytes) === text) return bytes;
  } catch {
    // told below
  }
  throw new Failure(`${what} is beschadigd: een deel is geen geldige base64.`);
}

async function sha256(...parts) {
  if (!globalThis.crypto?.subtle) throw new Unfinished("Deze browser rekent alleen over een beveiligde verbinding (https).");
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

export const leafHash = (body) => sha256(LEAF, body);
export const nodeHash = (left, right) => sha256(NODE, left, right);

/** The root over hashes that stand side by side; an odd last one waits for the row above. */
export async function rootOf(hashes) {
  let row = hashes;
  while (row.length > 1) {
    const pairs = [];
    for (let at = 0; at + 1 < row.length; at += 2) pairs.push(nodeHash(row[at], row[at + 1]));
    const next = await Promise.all(pairs);
    if (row.length % 2) next.push(row[row.length - 1]);
    row = next;
  }
  return row[0];
}

/** `name+hash+key`, as signed-note writes a verifier key. */
export async function readKey(vkey) {
  const what = "De sleutel van het logboek";
  const [name, id, ...rest] = vkey.split("+");
  const material = unbase64(rest.join("+"), what);
  if (material.length !== 33 || material[0] !== ED25519) throw new Failure(`${what} is geen Ed25519-sleutel.`);
  const digest = await sha256(utf8.encode(`${name}\n`), material);
  if (hex(digest.slice(0, 4)) !== id) throw new Failure(`${what} hoort niet bij zijn naam.`);
  return { name, id: digest.slice(0, 4), raw: material.slice(1), vkey };
}

/** What a signed checkpoint says, not yet whether it is signed. */
export function readCheckpoint(note, key) {
  const what = "Het controlepunt";
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) throw new Failure(`${what} is niet volledig.`);
  const text = note.slice(0, split + 1);
  const lines = text.split("\n");
  if (lines.length !== 4) throw new Failure(`${what} heeft niet de juiste vorm.`);
  if (lines[0] !== key.name) throw new Failure(`${what} is van een ander logboek.`);
  if (!DECIMAL.test(lines[1])) throw new Failure(`${what} noemt geen geldig aantal regels.`);
  const root = unbase64(lines[2], what);
  if (root.length !== HASH_BYTES) throw new Failure(`${what} noemt geen geldige samenvatting.`);
  return { size: Number(lines[1]), root, text, note, signatures: note.slice(split + 2, -1).split("\n") };
}

/** Throws Failure unless `key` signed the checkpoint, Unable where this browser has no Ed25519. */
export async function checkSignature(checkpoint, key) {
  const mine = checkpoint.signatures.flatMap((line) => {
    const match = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line);
    if (!match) throw new Failure("Een handtekening onder het controlepunt is beschadigd.");
    const bytes = unbase64(match[2], "De handtekening");
    return match[1] === key.name && same(bytes.slice(0, 4), key.id) ? [bytes.slice(4)] : [];
  });
  if (mine.length !== 1) throw new Failure("Het controlepunt is niet met de sleutel van dit logboek ondertekend.");
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key.raw, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    throw new Unable("Deze browser kan geen Ed25519-handtekening controleren. Neem een nieuwere browser.");
  }
  if (!(await crypto.subtle.verify({ name: "Ed25519" }, imported, mine[0], utf8.encode(checkpoint.text)))) {
    throw new Failure("De handtekening hoort niet bij dit controlepunt: een van de twee is veranderd.");
  }
}

/** A receipt: place, proof and signed checkpoint. */
export function readReceipt(text) {
  const what = "Het bewijs";
  const split = text.indexOf("\n\n");
  const lines = split < 0 ? [] : text.slice(0, split).split("\n");
  if (lines.shift() !== HEADER) throw new Failure(`${what} heeft niet de juiste vorm.`);
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = /^index (.+)$/.exec(lines.shift() ?? "")?.[1] ?? "";
  if (!DECIMAL.test(index) || lines.length > 63) throw new Failure(`${what} noemt geen geldige plaats.`);
  const proof = lines.map((line) => unbase64(line, what));
  checkLengths(proof);
  return { index: Number(index), proof, note: text.slice(split + 2) };
}

export function checkLengths(hashes) {
  if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw new Failure("Een getal in het bewijs heeft niet de juiste lengte.");
}

const even = (number) => number % 2 === 0;
const half = (number) => Math.floor(number / 2);

/** RFC 9162, 2.1.3.2. */
export async function checkInclusion(leaf, index, size, proof, root) {
  if (!(index < size)) throw new Failure("De plaats ligt buiten het logboek.");
  let place = index;
  let last = size - 1;
  let found = leaf;
  for (const part of proof) {
    if (last === 0) throw new Failure("Het bewijs is te lang.");
    if (!even(place) || place === last) {
      found = await nodeHash(part, found);
      while (even(place) && place) [place, last] = [half(place), half(last)];
    } else {
      found = await nodeHash(found, part);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0 || !same(found, root)) {
    throw new Failure("De regel past niet in het ondertekende logboek: de regel of het bewijs is veranderd.");
  }
}

/** RFC 9162, 2.1.4.2; `older` and `newer` are checkpoints. */
export async function checkGrowth(older, newer, proof) {
  const fault = "Het logboek is niet alleen gegroeid: wat er eerder stond, is veranderd of verdwenen.";
  if (!(older.size > 0 && older.size <= newer.size)) throw new Failure(fault);
  checkLengths(proof);
  if (older.size === newer.size) {
    if (proof.length || !same(older.root, newer.root)) throw new Failure(fault);
    return;
  }
  let bits = older.size;
  while (even(bits)) bits = half(bits);
  const path = bits === 1 ? [older.root, ...proof] : [...proof];
  if (!path.length) throw new Failure(fault);
  let place = older.size - 1;
  let last = newer.size - 1;
  while (!even(place)) [place, last] = [half(place), half(last)];
  let before = path[0];
  let after = path[0];
  for (const part of path.slice(1)) {
    if (last === 0) throw new Failure(fault);
    if (!even(place) || place === last) {
      before = await nodeHash(part, before);
      after = await nodeHash(part, after);
      while (even(place) && place) [place, last] = [half(place), half(last)];
    } else {
      after = await nodeHash(after, part);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0 || !same(before, older.root) || !same(after, newer.root)) throw new Failure(fault);
}

/** The proof, as the hub gives it, that the log of `newer` begins with that of `older`. */
export function readProof(text) {
  let parts;
  try {
    parts = JSON.parse(text).proof;
  } catch {
    parts = null;
  }
  if (!Array.isArray(parts) || parts.length > 128) throw new Failure("Het bewijs van groei heeft niet de juiste vorm.");
  return parts.map((part) => unbase64(String(part), "Het bewijs van groei"));
}
