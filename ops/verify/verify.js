// Verifies an export of the hub's log in a browser, without the hub and without a network: what verify.py does, for who has no
// Python. It works in the order of that file, gives the same verdict on every entry, and speaks Dutch to its reader.
//
// WebCrypto does SHA-256 and Ed25519. ML-DSA-44 it cannot do yet: a trust file that needs it is told to use verify.py.

"use strict";

/** Something does not hold; the sentence says what, and never repeats what was found. */
class Fault extends Error {}
/** The question is wrong, so that nothing can be said about the export. */
class WrongQuestion extends Error {}

// --- 1. Bytes and signatures -------------------------------------------------------------------------------------------------

const utf8 = new TextEncoder();
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const big64 = (bytes, at) => Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at));

function text(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Fault("is geen UTF-8-tekst");
  }
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Standard base64 with padding; one text per value. */
function unbase64(encoded) {
  try {
    const bytes = Uint8Array.from(atob(encoded), (sign) => sign.charCodeAt(0));
    if (bytes.length && base64(bytes) === encoded) return bytes;
  } catch {
    // told below
  }
  throw new Fault("bevat een deel dat geen geldige base64 is");
}

const digest = async (name, ...parts) => new Uint8Array(await crypto.subtle.digest(name, joined(parts)));
const sha256 = (...parts) => digest("SHA-256", ...parts);

async function signatureHolds(publicKey, message, signature) {
  let key;
  try {
    key = await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    throw new WrongQuestion("Deze browser kan geen Ed25519-handtekening controleren. Neem een nieuwere browser, of gebruik verify.py.");
  }
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
}

// --- 2. Notes, checkpoints and cosignatures ----------------------------------------------------------------------------------

const NAME = /^[^\s+\x00-\x1f\x7f]+$/;
const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const SIZE = /^(?:0|[1-9][0-9]{0,14})$/;
const MOST_SIGNATURES = 64;
const LOG = 1;
const COSIGNER = 4;
const POST_QUANTUM = 6;
const KEY_BYTES = { [LOG]: 32, [COSIGNER]: 32, [POST_QUANTUM]: 1312 };

async function readKey(written, kinds = [LOG]) {
  const [name, id, ...rest] = written.split("+");
  if (!rest.length || !NAME.test(name)) throw new Fault("noemt een sleutel die niet als naam+hash+sleutel is geschreven");
  const material = unbase64(rest.join("+"));
  const keyId = (await sha256(utf8.encode(`${name}\n`), material)).slice(0, 4);
  if (!kinds.includes(material[0]) || material.length !== 1 + KEY_BYTES[material[0]] || hex(keyId) !== id) {
    throw new Fault("noemt een sleutel die hier niet kan staan, of die niet bij zijn naam hoort");
  }
  return { name, keyId, kind: material[0], public: material.slice(1), written };
}

function splitNote(data) {
  const note = text(data);
  const split = note.lastIndexOf("\n\n");
  if (!note.endsWith("\n") || CONTROL.test(note) || split < 1) throw new Fault("is geen tekst met handtekeningen eronder");
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) throw new Fault("heeft te veel handtekeningen");
  const signatures = lines.map((line) => {
    const match = SIGNATURE_LINE.exec(line);
    const blob = match ? unbase64(match[2]) : new Uint8Array();
    if (blob.length < 5) throw new Fault("bevat een beschadigde handtekening");
    return { name: match[1], keyId: blob.slice(0, 4), blob: blob.slice(4) };
  });
  return { body: note.slice(0, split + 1), signatures };
}

const signaturesBy = (note, key) => note.signatures.filter((one) => one.name === key.name && same(one.keyId, key.keyId));

/** The checkpoint in a note that exactly one of these keys of logs signed; signatures of others are not looked at here. */
async function readCheckpoint(data, keys) {
  const note = splitNote(data);
  const signers = keys.flatMap((key) => signaturesBy(note, key).map(({ blob }) => ({ key, blob })));
  if (signers.length !== 1) throw new Fault("is niet één keer getekend met een sleutel die u daarvoor vertrouwt");
  const [{ key, blob }] = signers;
  if (!(await signatureHolds(key.public, utf8.encode(note.body), blob))) throw new Fault("heeft een handtekening die niet klopt");
  const lines = note.body.split("\n");
  if (lines.length !== 4 || lines[0] !== key.name || !SIZE.test(lines[1])) {
    throw new Fault("bestaat niet uit de naam van het logboek, het aantal regels en de samenvatting");
  }
  const root = unbase64(lines[2]);
  if (root.length !== 32) throw new Fault("noemt een samenvatting die niet de juiste lengte heeft");
  return { origin: lines[0], size: Number(lines[1]), root, key, note };
}

/** When an Ed25519 witness cosigned this checkpoint, in seconds since 1970. */
async function cosignedAt(key, checkpoint, blob) {
  if (blob.length !== 72 || blob[0] > 127) throw new Fault("is geen tijd met een handtekening");
  const seconds = new DataView(blob.buffer, blob.byteOffset).getBigUint64(0);
  const message = utf8.encode(`cosignature/v1\ntime ${seconds}\n${checkpoint.note.body}`);
  if (!(await signatureHolds(key.public, message, blob.slice(8)))) throw new Fault("klopt niet");
  return Number(seconds);
}

// --- 3. The trust file -------------------------------------------------------------------------------------------------------

class Trust {
  logs = [];
  postQuantum = [];
  witnesses = new Map();
  groups = new Map();
  members = new Set();
  quorum = null;
  earlier = null;

  met(cosigned) {
    const present = new Set(["none", ...cosigned]);
    for (const [name, { least, names }] of this.groups) {
      if (names.filter((each) => present.has(each)).length >= least) present.add(name);
    }
    return present.has(this.quorum ?? "none");
  }

  async read([word, ...rest]) {
    if (word === "log" && [1, 2].includes(rest.length)) {
      const key = await readKey(rest[0], [LOG, POST_QUANTUM]);
      this.#unique(key);
      (key.kind === LOG ? this.logs : this.postQuantum).push(key);
    } else if (word === "witness" && [2, 3].includes(rest.length)) {
      const key = await readKey(rest[1], [COSIGNER, POST_QUANTUM]);
      this.#unique(key);
      this.#name(rest[0]);
      this.witnesses.set(rest[0], key);
    } else if (word === "group" && rest.length > 2) {
      this.#group(...rest);
    } else if (word === "quorum" && rest.length === 1 && this.quorum === null) {
      if (rest[0] !== "none" && !this.#known(rest[0])) throw new Fault("noemt iets dat er niet boven staat");
      this.quorum = rest[0];
    } else {
      throw new Fault("is geen hele regel, of een tweede quorum");
    }
  }

  #group(name, least, ...names) {
    this.#name(name);
    const number = { any: 1, all: names.length }[least] ?? (SIZE.test(least) ? Number(least) : 0);
    if (number < 1 || number > names.length) throw new Fault("vraagt een aantal leden dat niet kan");
    for (const each of names) {
      if (!this.#known(each) || this.members.has(each)) throw new Fault("noemt een lid dat er niet boven staat, of al lid is");
      this.members.add(each);
    }
    this.groups.set(name, { least: number, names });
  }

  #known(name) {
    return this.witnesses.has(name) || this.groups.has(name);
  }

  #name(name) {
    if (name === "none" || this.#known(name)) throw new Fault("geeft een naam die al bestaat");
  }

  #unique(key) {
    const all = [...this.logs, ...this.postQuantum, ...this.witnesses.values()];
    if (all.some((each) => same(each.public, key.public))) throw new Fault("noemt een sleutel die er al staat");
  }
}

async function readTrust(data) {
  const what = "Het vertrouwensbestand";
  let lines;
  try {
    lines = text(data).split("\n");
  } catch {
    throw new WrongQuestion(`${what} is geen tekst.`);
  }
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(lines.join("\n"))) {
    throw new WrongQuestion(`${what} bevat vreemde tekens. Bewaar het met regeleinden van Unix.`);
  }
  const trust = new Trust();
  for (const [at, line] of lines.entries()) {
    const words = line.split(/[ \t]+/).filter(Boolean);
    if (!words.length || words[0].startsWith("#")) continue;
    const policy = ["log", "witness", "group", "quorum"].includes(words[0]);
    if (!policy && trust.logs.length && !(lines[at - 1] ?? "x").trim()) {
      trust.earlier = utf8.encode(lines.slice(at).join("\n"));
      break;
    }
    try {
      await trust.read(words);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new WrongQuestion(`${what}: regel ${at + 1} ${error.message}.`);
    }
  }
  if (!trust.logs.length) throw new WrongQuestion(`${what} noemt geen logboek. Er moet een regel met log en de sleutel in staan.`);
  if (trust.quorum === null && trust.witnesses.size) throw new WrongQuestion(`${what} noemt getuigen, maar geen quorum.`);
  return trust;
}

// --- 4. The tree (RFC 9162, section 2.1) -------------------------------------------------------------------------------------

const WIDTH = 256;
const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

async function rootOf(hashes) {
  let row = hashes;
  while (row.length > 1) {
    const pairs = [];
    for (let at = 0; at + 1 < row.length; at += 2) pairs.push(sha256(NODE, row[at], row[at + 1]));
    const odd = row.length % 2 ? [row[row.length - 1]] : [];
    row = [...(await Promise.all(pairs)), ...odd];
  }
  return row[0] ?? sha256();
}

/** Keeps, per level, only the hashes of the tile that is still open there. */
class Tree {
  open = [];
  done = [];

  async begin(roots) {
    this.open = [[]];
    this.done = [roots.length];
    const made = [];
    for (let at = 0; at < roots.length; at += WIDTH) made.push(...(await this.add(1, roots.slice(at, at + WIDTH))));
    return made;
  }

  /** Adds hashes that fit in the open tile of a level; gives each tile that becomes complete. */
  async add(level, hashes) {
    if (level === this.open.length) {
      this.open.push([]);
      this.done.push(0);
    }
    const tile = this.open[level];
    tile.push(...hashes);
    if (tile.length < WIDTH) return [];
    this.open[level] = [];
    this.done[level] += 1;
    return [{ level, index: this.done[level] - 1, content: joined(tile) }, ...(await this.add(level + 1, [await rootOf(tile)]))];
  }

  async root(more = []) {
    let below = [];
    for (let level = 0; level < Math.max(this.open.length, 1); level += 1) {
      const nodes = [...(this.open[level] ?? []), ...(level ? [] : more), ...below];
      if (nodes.length) below = [await rootOf(nodes)];
    }
    return rootOf(below);
  }
}

// --- 5. The entries ----------------------------------------------------------------------------------------------------------

const isWord = textLike(/^[a-z][a-z0-9]*(?:[-./:_][a-z0-9]+)*$/);
const isCode = textLike(/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/);
const isRef = textLike(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const isHex = textLike(/^[0-9a-f]{64}$/);
const isDigest = textLike(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/);
const isNonce = textLike(/^[A-Za-z0-9_-]{21}[AQgw]$/);
const isOne = (value) => value === 1;
const wordOrNull = (value) => value === null || isWord(value);

function textLike(pattern) {
  return (value) => typeof value === "string" && value.length <= 128 && pattern.test(value);
}
function numberFrom(smallest) {
  return (value) => Number.isSafeInteger(value) && value >= smallest;
}
function listOf(rule) {
  return (value) => Array.isArray(value) && value.every(rule);
}
function objectOf(rule) {
  return (value) => isObject(value) && Object.entries(value).every(([name, each]) => isWord(name) && rule(each));
}
function oneOf(...values) {
  return (value) => values.includes(value);
}
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const COMMON = {
  v: isOne, kind: isWord, log: isWord, us: numberFrom(10 ** 15), ref: isRef, actor: isWord, operation: isWord, purpose: isWord,
};
const PERSON = {
  ...COMMON, source: isWord, recipient: isWord, controllers: listOf(isWord), agreement: wordOrNull, clause: wordOrNull,
  basis: listOf(isWord), attributes: listOf(isWord), withheld: objectOf(isCode), decision: oneOf("permit", "refuse"),
  reasons: listOf(isCode), policy: isHex, count: isOne, record: isWord, digest: isDigest, facts: isDigest, nonce: isNonce,
  commitment: isDigest,
};
const OUTCOME = {
  ...COMMON, delivery: isRef, recipient: isWord, attempt: numberFrom(1), outcome: oneOf("handed-over", "acknowledged"),
};
const ENDED = { ...OUTCOME, outcome: oneOf("failed", "stopped", "resumed", "dropped"), reasons: listOf(isCode), policy: isHex };
const isDetail = (value) => [numberFrom(0), isWord, isCode, isRef, isHex].some((rule) => rule(value));
const EVENT = { ...COMMON, about: isWord, details: objectOf(isDetail) };
const KINDS = new Map([
  ["disclosure", PERSON], ["refusal", PERSON], ["outcome", OUTCOME], ["access", EVENT], ["statement", EVENT], ["erasure", EVENT],
  ["prune", EVENT], ["key_rotation", EVENT], ["configuration", EVENT], ["re_identification", EVENT], ["export", EVENT],
]);

/** RFC 8785 for what an entry may hold. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

function readEntry(body) {
  let fields = null;
  try {
    const written = text(body);
    const read = JSON.parse(written);
    if (isObject(read) && canonical(read) === written) fields = read;
  } catch {
    // told below
  }
  if (!fields) throw new Fault("is geen canonieke JSON");
  let rules = KINDS.get(fields.kind);
  if (rules === OUTCOME && Object.hasOwn(fields, "reasons")) rules = ENDED;
  const names = Object.keys(rules ?? {});
  if (!rules || names.length !== Object.keys(fields).length || !names.every((name) => Object.hasOwn(fields, name))) {
    throw new Fault("is van een onbekende soort, of heeft niet precies de velden van zijn soort");
  }
  for (const name of names) {
    if (!rules[name](fields[name])) throw new Fault(`heeft een veld dat niet goed is geschreven: ${name}`);
  }
  if (rules === PERSON) checkDecision(fields.kind === "disclosure", fields);
  return fields;
}

function checkDecision(permits, fields) {
  const grounds = fields.controllers.length && fields.agreement && fields.clause && fields.basis.length;
  const said = fields.decision === "permit";
  const consistent = said === permits && permits === fields.attributes.length > 0 && permits !== fields.reasons.length > 0;
  if (!consistent || (permits && !grounds)) throw new Fault("heeft een besluit dat niet past bij zijn soort, redenen of gronden");
}

function splitBundle(data) {
  const bodies = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 2 + ((data[at] << 8) | data[at + 1]);
    if (at + 2 > data.length || end > data.length) throw new Fault("eindigt midden in een regel");
    bodies.push(data.subarray(at + 2, end));
    at = end;
  }
  return bodies;
}

// --- 6. The files: a folder, or a .zip -----------------------------------------------------------------------------------------

const LARGEST_FILE = WIDTH * (2 + 65_535);
const LARGEST_RATIO = 200;

class Folder {
  constructor(list) {
    // The browser names each file from the chosen folder on.
    this.byPath = new Map(Array.from(list, (file) => [file.webkitRelativePath.split("/").slice(1).join("/"), file]));
  }

  async walk() {
    return new Set(this.byPath.keys());
  }

  async read(path, most = LARGEST_FILE) {
    const file = this.byPath.get(path);
    if (!file) throw new Fault("ontbreekt");
    if (file.size > most) throw new Fault("is groter dan kan");
    try {
      return new Uint8Array(await file.arrayBuffer());
    } catch {
      throw new Fault("kan niet worden gelezen");
    }
  }
}

const CRC = Uint32Array.from({ length: 256 }, (_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ CRC[(value ^ byte) & 255];
  return (value ^ 0xffffffff) >>> 0;
}

/** A .zip (PKWARE APPNOTE 6.3): its names are only compared with those that an export has. */
class Archive {
  constructor(file) {
    this.file = file;
    this.byPath = new Map();
  }

  async #part(from, length) {
    const bytes = new Uint8Array(await this.file.slice(from, from + length).arrayBuffer());
    return { bytes, view: new DataView(bytes.buffer) };
  }

  /** Where the list of files stands, from the record at the end; in large archives from the one before it. */
  async #directory() {
    const from = Math.max(0, this.file.size - 65_557);
    const { bytes, view } = await this.#part(from, 65_557);
    let at = bytes.length - 22;
    while (at >= 0 && view.getUint32(at, true) !== 0x06054b50) at -= 1;
    if (at < 0) throw new RangeError();
    const small = { count: view.getUint16(at + 10, true), length: view.getUint32(at + 12, true), start: view.getUint32(at + 16, true) };
    if (small.count !== 0xffff && small.length !== 0xffffffff && small.start !== 0xffffffff) return small;
    if (view.getUint32(at - 20, true) !== 0x07064b50) throw new RangeError();
    const large = await this.#part(big64(bytes, at - 12), 56);
    if (large.view.getUint32(0, true) !== 0x06064b50) throw new RangeError();
    const number = (place) => Number(large.view.getBigUint64(place, true));
    return { count: number(32), length: number(40), start: number(48) };
  }

  async walk(report) {
    try {
      const { count, length, start } = await this.#directory();
      const { bytes, view } = await this.#part(start, length);
      let at = 0;
      for (let nth = 0; nth < count; nth += 1) {
        if (view.getUint32(at, true) !== 0x02014b50) throw new RangeError();
        const [nameLength, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
        const path = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
        const found = {
          flags: view.getUint16(at + 8, true), method: view.getUint16(at + 10, true), crc: view.getUint32(at + 16, true),
          packed: view.getUint32(at + 20, true), size: view.getUint32(at + 24, true), start: view.getUint32(at + 42, true),
        };
        this.#large(found, bytes, view, at + 46 + nameLength, extra);
        if (this.byPath.has(path)) report.find(path, "staat meer dan één keer in het zip-bestand");
        else if ((view.getUint32(at + 38, true) >>> 28) === 10) report.find(path, "is een verwijzing; die hoort niet in een uitgifte");
        else if (!path.endsWith("/")) this.byPath.set(path, found);
        at += 46 + nameLength + extra + comment;
      }
    } catch {
      throw new WrongQuestion("Dit is geen zip-bestand dat geopend kan worden.");
    }
    return new Set(this.byPath.keys());
  }

  /** Sizes and places beyond four bytes stand in a field of their own, in this order. */
  #large(found, bytes, view, from, length) {
    for (let at = from; at + 4 <= from + length; at += 4 + view.getUint16(at + 2, true)) {
      if (view.getUint16(at, true) !== 1) continue;
      let place = at + 4;
      for (const name of ["size", "packed", "start"]) {
        if (found[name] !== 0xffffffff) continue;
        found[name] = Number(view.getBigUint64(place, true));
        place += 8;
      }
    }
  }

  async read(path, most = LARGEST_FILE) {
    const found = this.byPath.get(path);
    if (!found) throw new Fault("ontbreekt");
    if (found.size > Math.min(most, LARGEST_RATIO * found.packed + WIDTH)) throw new Fault("is groter dan kan");
    let data;
    try {
      const { bytes, view } = await this.#part(found.start, 30);
      if (bytes.length < 30 || view.getUint32(0, true) !== 0x04034b50 || found.flags & 1) throw new RangeError();
      const nameLength = view.getUint16(26, true);
      const from = found.start + 30;
      const { bytes: name } = await this.#part(from, nameLength);
      if (new TextDecoder().decode(name) !== path) throw new RangeError();
      data = await this.#unpacked(found, from + nameLength + view.getUint16(28, true));
    } catch {
      throw new Fault("kan niet worden gelezen");
    }
    if (data.length !== found.size || crc32(data) !== found.crc) throw new Fault("is beschadigd");
    return data;
  }

  async #unpacked({ method, packed, size }, from) {
    const blob = this.file.slice(from, from + packed);
    if (method === 0) return new Uint8Array(await blob.arrayBuffer());
    if (method !== 8) throw new RangeError();
    const reader = blob.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    const parts = [];
    let length = 0;
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      parts.push(step.value);
      length += step.value.length;
      if (length > size) throw new RangeError();
    }
    return joined(parts);
  }
}

// --- 7. The export -----------------------------------------------------------------------------------------------------------

const FINDINGS_SHOWN = 200;
const AT_ONCE = 4;
const UNREADABLE = 0;
const EMPTY = 1;
const PRUNED = 2;
const FIRST_KIND = 3;
const KIND_NAMES = [...KINDS.keys()];

/** A byte per entry, as many as were read. */
class Kinds {
  length = 0;
  #bytes = new Uint8Array(1024);

  push(kind, times = 1) {
    if (this.length + times > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.length + times));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.fill(kind, this.length, this.length + times);
    this.length += times;
  }

  at(index) {
    return this.#bytes[index];
  }

  count(kind) {
    let found = 0;
    for (let at = 0; at < this.length; at += 1) found += this.#bytes[at] === kind;
    return found;
  }
}

class Report {
  checkpoint = null;
  earlier = null;
  proven = false;
  found = 0;
  findings = [];
  kinds = new Kinds();
  faulty = new Map();
  totals = new Map();
  quorum = "none";
  witnesses = new Map();
  others = 0;
  unable = [];
  removedBy = new Map();
  pruned = 0;
  prunedBy = -1;
  lost = 0;
  told = [];
  hits = null;

  get verified() {
    return this.checkpoint !== null && this.proven && !this.found;
  }

  find(where, what) {
    this.found += 1;
    if (this.findings.length < FINDINGS_SHOWN) this.findings.push({ where, what });
  }

  findEntry(index, what) {
    if (!this.faulty.has(index)) this.faulty.set(index, what);
    this.find(`regel ${index}`, what);
  }

  remover(index) {
    return this.removedBy.get(index) ?? -1;
  }
}

/** Runs `work`; a Fault is a finding at `where`. */
async function finding(report, where, work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    report.find(where, error.message);
    return null;
  }
}

function pathOf(kind, index, width) {
  const group = (value) => String(value % 1000).padStart(3, "0");
  let path = group(index);
  for (let rest = Math.floor(index / 1000); rest; rest = Math.floor(rest / 1000)) path = `x${group(rest)}/${path}`;
  return `tile/${kind}/${path}${width === WIDTH ? "" : `.p/${width}`}`;
}

function* expectedFiles(size, pruned) {
  yield "checkpoint";
  if (pruned) yield "boundary";
  let [count, kinds, first] = [size, ["entries", 0], pruned / WIDTH];
  for (let level = 1; count; level += 1) {
    for (const kind of kinds) {
      for (let index = first; index < Math.ceil(count / WIDTH); index += 1) {
        yield pathOf(kind, index, Math.min(WIDTH, count - index * WIDTH));
      }
    }
    [count, kinds, first] = [Math.floor(count / WIDTH), [level], 0];
  }
}

async function verify(source, trust, person, progress) {
  const report = new Report();
  report.quorum = trust.quorum ?? "none";
  const files = await source.walk(report);
  report.checkpoint = await finding(report, "checkpoint", async () =>
    readCheckpoint(await source.read("checkpoint"), trust.logs.slice(0, 1)),
  );
  const { checkpoint } = report;
  if (!checkpoint) return report;
  await checkCosignatures(trust, checkpoint, report);
  if (trust.earlier) {
    const where = "het eerdere controlepunt in het vertrouwensbestand";
    report.earlier = await finding(report, where, () => readCheckpoint(trust.earlier, trust.logs));
    if (report.earlier?.size > checkpoint.size) {
      report.find("checkpoint", "is ouder dan het controlepunt dat u had: het logboek is teruggezet");
    }
  }
  const origins = await readOrigins(source, files, checkpoint, report);
  if (files.has("README.txt")) report.told.push("README.txt hoort niet bij het logboek: iedereen kan dat geschreven hebben.");
  report.pruned = (await readPruned(source, files, checkpoint.size, report)) ?? 0;
  checkFiles(checkpoint.size, files, report);
  const history = new History(checkpoint.size, report);
  await readStamps(source, files, origins, history, report);
  if (report.earlier) history.expect(report.earlier, "het eerdere controlepunt in het vertrouwensbestand");
  const reader = new EntryReader(report, person);
  await checkContent(source, checkpoint, history, reader, report, progress);
  if (report.proven || report.kinds.length === checkpoint.size) {
    await checkRedactions(source, files, reader, report);
    await checkPruned(source, origins, history, reader, report);
    await checkOrigins(origins, reader, report);
  }
  if (person) {
    if (reader.log !== null && reader.log !== person.log) throw new WrongQuestion("Het persoonsbestand is van een ander logboek.");
    report.hits = reader.hits;
  }
  return report;
}

async function checkCosignatures(trust, checkpoint, report) {
  const own = trust.postQuantum.filter((key) => key.name === checkpoint.origin).map((key) => ["", key]);
  const waiting = [];
  let lookedAt = 1;
  for (const [name, key] of [...own, ...trust.witnesses]) {
    const signatures = signaturesBy(checkpoint.note, key);
    lookedAt += signatures.length;
    if (key.kind === POST_QUANTUM) {
      if (signatures.length) (name ? waiting : report.unable).push(name || "de post-quantumhandtekening van het logboek zelf");
      else if (!name) report.find("checkpoint", "is niet ook met de post-quantumsleutel van het logboek getekend, die uw bestand noemt");
      continue;
    }
    for (const { blob } of signatures) {
      const seconds = await finding(report, `checkpoint, getuige ${name}`, () => cosignedAt(key, checkpoint, blob));
      if (seconds !== null) report.witnesses.set(name, Math.max(seconds, report.witnesses.get(name) ?? 0));
    }
  }
  report.others = checkpoint.note.signatures.length - lookedAt;
  const able = [...report.witnesses.keys()];
  if (trust.met(able)) return;
  if (trust.met([...able, ...waiting])) report.unable.push(...waiting.map((name) => `de handtekening van getuige ${name}`));
  else report.find("checkpoint", "is niet mee ondertekend door de getuigen die u vraagt");
}

const FREE_FILE = /^(?:origins|pruned|redacted\/(?:0|[1-9][0-9]{0,17})|timestamps\/(?:0|[1-9][0-9]{0,17})\.(?:note|tsr)|README\.txt)$/;

function checkFiles(size, files, report) {
  const wanted = new Set([...files].filter((path) => FREE_FILE.test(path)));
  let missing = 0;
  for (const path of expectedFiles(size, report.pruned)) {
    if (files.has(path)) {
      wanted.add(path);
      continue;
    }
    missing += 1;
    report.find(path, "ontbreekt");
    if (missing === FINDINGS_SHOWN / 2) {
      report.find("de uitgifte", "mist meer bestanden dan hier staan");
      return;
    }
  }
  for (const path of [...files].sort()) if (!wanted.has(path)) report.find(path, "hoort niet in deze uitgifte");
}

/** Roots of the log when it was smaller, worked out on the way, and what they must be. */
class History {
  expected = new Map();
  front = [];

  constructor(size, report) {
    this.size = size;
    this.report = report;
  }

  expect({ size, root }, where) {
    if (size <= this.size) this.expected.set(size, [...(this.expected.get(size) ?? []), { root, where }]);
  }

  async before(size) {
    const tiles = size / WIDTH;
    return Number.isInteger(tiles) && tiles <= this.front.length ? rootOf(this.front.slice(0, tiles)) : null;
  }

  async checkPruned() {
    for (const [size, wanted] of this.expected) {
      if (size > this.report.pruned) continue;
      const root = await this.before(size);
      if (root) {
        this.check(size, root);
        continue;
      }
      for (const { where } of wanted) {
        this.report.find(
          where,
          `telt ${size} regels en ligt in het afgekapte deel; daarmee is niets meer te vergelijken. Hebt u een controlepunt van ` +
            `${this.report.pruned} regels of meer? Gebruik dat. Het bestand boundary bevat dat van de plek van het afkappen`,
        );
      }
    }
  }

  check(size, root) {
    for (const wanted of this.expected.get(size) ?? []) {
      if (same(wanted.root, root)) continue;
      this.report.find(`de eerste ${size} regels`, `zijn niet die van ${wanted.where}: het verleden van het logboek is veranderd`);
    }
  }
}

async function checkContent(source, checkpoint, history, reader, report, progress) {
  const tree = new Tree();
  const [first, tiles] = [report.pruned / WIDTH, Math.ceil(checkpoint.size / WIDTH)];
  if (first) {
    const roots = await prunedRoots(source, first, Math.floor(checkpoint.size / WIDTH), report);
    if (!roots) return;
    history.front = roots;
    report.kinds.push(PRUNED, report.pruned);
    await compareTiles(source, await tree.begin(roots), report);
  }
  await history.checkPruned();
  const ahead = [];
  for (let index = first, next = first; index < tiles; index += 1) {
    // A few bundles are read and hashed while one is looked at; more would only fill the memory.
    for (; next < tiles && next < index + AT_ONCE; next += 1) ahead.push(prepare(source, next, checkpoint.size));
    const start = index * WIDTH;
    const made = await ahead.shift();
    const leaves = readLeaves(made, start, reader, report);
    if (!leaves) {
      report.find("de boom", `kan niet worden nagebouwd: van de regels vanaf ${start} is tekst noch samenvatting over`);
      await Promise.all(ahead);
      return;
    }
    for (let size = start + 1; history.expected.size && size <= start + leaves.length; size += 1) {
      if (history.expected.has(size)) history.check(size, await tree.root(leaves.slice(0, size - start)));
    }
    for (const one of reader.successions) {
      if (one.index >= start) one.root = await tree.root(leaves.slice(0, one.index - start));
    }
    await compareTiles(source, await tree.add(0, leaves), report);
    progress(start + made.width, checkpoint.size);
  }
  for (const [level, nodes] of tree.open.entries()) {
    if (level && nodes.length) await compareFile(source, pathOf(level, tree.done[level], nodes.length), joined(nodes), report);
  }
  if (!same(await tree.root(), checkpoint.root)) {
    report.find("de samenvatting", "die is ondertekend, hoort niet bij deze regels: er is iets veranderd, bijgezet of weggelaten");
  } else {
    report.proven = !reader.unread;
  }
}

/** Reads a bundle and its tile, and hashes; what is wrong with it is said when its turn comes. */
async function prepare(source, index, size) {
  const width = Math.min(WIDTH, size - index * WIDTH);
  const made = { width, path: pathOf("entries", index, width), tilePath: pathOf(0, index, width) };
  try {
    made.bodies = splitBundle(await source.read(made.path));
    if (made.bodies.length !== width) throw new Fault(`bevat niet de ${width} regels vanaf nummer ${index * WIDTH}`);
    made.leaves = await Promise.all(made.bodies.map((body) => sha256(LEAF, body)));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    made.fault = error.message;
  }
  try {
    made.tile = await source.read(made.tilePath);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    made.tileFault = error.message;
  }
  return made;
}

function hashesOf(tile, width) {
  return tile?.length === 32 * width ? Array.from({ length: width }, (_, at) => tile.slice(32 * at, 32 * at + 32)) : null;
}

function readLeaves(made, start, reader, report) {
  const { width, tile, tilePath } = made;
  const kept = hashesOf(tile, width);
  if (made.fault) {
    report.find(made.path, made.fault);
    reader.skip(width);
    return kept;
  }
  made.bodies.forEach((body, nth) => reader.read(start + nth, body));
  let { leaves } = made;
  if (made.bodies.some((body) => !body.length)) {
    if (!kept) {
      report.find(tilePath, "moet de samenvattingen bevatten van regels waarvan de tekst weg is");
      reader.unread += 1;
      return null;
    }
    leaves = leaves.map((leaf, nth) => (made.bodies[nth].length ? leaf : kept[nth]));
  }
  if (made.tileFault) {
    report.find(tilePath, made.tileFault);
  } else if (!same(tile, joined(leaves))) {
    report.find(tilePath, "bevat niet de samenvattingen van zijn regels");
    leaves.forEach((leaf, nth) => {
      if (!same(leaf, tile.subarray(32 * nth, 32 * nth + 32))) report.findEntry(start + nth, `en zijn samenvatting in ${tilePath} verschillen`);
    });
  }
  return leaves;
}

async function prunedRoots(source, count, known, report) {
  const roots = [];
  while (roots.length < count) {
    const width = Math.min(WIDTH, known - roots.length);
    const path = pathOf(1, roots.length / WIDTH, width);
    const hashes = await source.read(path).then((tile) => hashesOf(tile, width), () => null);
    if (!hashes) {
      report.find("de boom", `kan niet worden nagebouwd: ${path} moet bevatten wat van de afgekapte regels over is`);
      return null;
    }
    roots.push(...hashes);
  }
  return roots.slice(0, count);
}

async function compareTiles(source, tiles, report) {
  for (const { level, index, content } of tiles) {
    if (level) await compareFile(source, pathOf(level, index, WIDTH), content, report);
  }
}

async function compareFile(source, path, content, report) {
  await finding(report, path, async () => {
    if (!same(await source.read(path), content)) throw new Fault("bevat niet wat uit de regels volgt");
  });
}

/** Reads entries in order, checks what must hold between them, and keeps those that the sections below are about. */
class EntryReader {
  log = null;
  last = 0;
  unread = 0;
  redactions = [];
  prunings = [];
  successions = [];
  hits = [];

  constructor(report, person) {
    this.report = report;
    this.person = person;
  }

  skip(count) {
    this.unread += count;
    this.report.kinds.push(UNREADABLE, count);
  }

  read(index, body) {
    const { report } = this;
    if (!body.length) {
      report.kinds.push(EMPTY);
      return;
    }
    let fields;
    try {
      fields = readEntry(body);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      report.findEntry(index, error.message);
      report.kinds.push(UNREADABLE);
      return;
    }
    const { kind, us, recipient = "-", purpose, operation, details } = fields;
    report.kinds.push(FIRST_KIND + KIND_NAMES.indexOf(kind));
    const total = `${kind} ${recipient} ${purpose}`;
    report.totals.set(total, (report.totals.get(total) ?? 0) + 1);
    if (us < this.last) report.findEntry(index, "heeft een moment vóór dat van de regel ervoor");
    this.last = Math.max(us, this.last);
    this.log ??= fields.log;
    if (fields.log !== this.log) report.findEntry(index, "noemt een ander logboek dan de eerste regel");
    if (kind === "prune" && operation === "redact-entries") this.redactions.push({ index, details });
    if (kind === "prune" && operation === "prune-prefix") this.prunings.push({ index, details });
    if (kind === "key_rotation" && operation === "new-origin") this.successions.push({ index, details });
    if (this.person && (kind === "disclosure" || kind === "refusal") && this.person.isAbout(fields)) {
      this.hits.push({ index, kind, recipient, purpose, us });
    }
  }
}

// --- 8. What was removed, and who signed -------------------------------------------------------------------------------------

function numberIn(details, name) {
  if (!Number.isInteger(details[name])) throw new Fault(`zegt dat er iets is verwijderd of vervangen, maar noemt ${name} niet`);
  return details[name];
}

async function checkRedactions(source, files, reader, report) {
  const named = new Set(reader.redactions.map(({ index }) => `redacted/${index}`));
  for (const path of [...files].sort()) {
    if (path.startsWith("redacted/") && !named.has(path)) report.find(path, "hoort bij geen regel die zegt dat er tekst is verwijderd");
  }
  for (const removal of reader.redactions) {
    const indices = await finding(report, `redacted/${removal.index}`, () => readList(source, removal));
    let still = 0;
    for (const index of indices ?? []) {
      const kind = report.kinds.at(index);
      if (kind === PRUNED) continue;
      if (kind !== EMPTY) {
        still += 1;
      } else if (report.remover(index) >= 0) {
        report.findEntry(index, `is verwijderd door regel ${report.remover(index)} en nog eens door regel ${removal.index}`);
      } else {
        report.removedBy.set(index, removal.index);
      }
    }
    if (still) report.told.push(`Regel ${removal.index} zegt dat van regels de tekst is verwijderd; bij ${count(still)} daarvan staat die er nog.`);
  }
  for (let at = 0; at < report.kinds.length; at += 1) {
    if (report.kinds.at(at) === EMPTY && report.remover(at) < 0) {
      report.findEntry(at, "ONTBREEKT: de tekst is weg, en geen regel van het logboek zegt dat dat mag");
    }
  }
}

async function readList(source, { index, details }) {
  const [count, first, after] = ["count", "first", "after"].map((name) => numberIn(details, name));
  if (!(count > 0 && count <= index && first < after && after <= index)) {
    throw new Fault("wordt genoemd door een regel waarvan de aantallen niet kunnen");
  }
  const lines = text(await source.read(`redacted/${index}`, 19 * count)).split("\n");
  if (lines.pop() !== "" || lines.length !== count || !lines.every((line) => SIZE.test(line))) {
    throw new Fault(`bestaat niet uit ${count} regels met een getal`);
  }
  const indices = lines.map(Number);
  if (indices[0] < first || indices.at(-1) >= after || indices.some((each, at) => at && indices[at - 1] >= each)) {
    throw new Fault("noemt getallen die niet oplopen of buiten het genoemde bereik liggen");
  }
  const bytes = new DataView(new ArrayBuffer(8 * count));
  indices.forEach((each, at) => bytes.setBigUint64(8 * at, BigInt(each)));
  if (hex(await sha256(new Uint8Array(bytes.buffer))) !== details.set) throw new Fault("is niet de lijst waarvan het logboek de samenvatting heeft");
  return indices;
}

async function readPruned(source, files, size, report) {
  if (!files.has("pruned")) return 0;
  return finding(report, "pruned", async () => {
    const written = text(await source.read("pruned", 20));
    const number = written.endsWith("\n") && SIZE.test(written.slice(0, -1)) ? Number(written) : 0;
    if (!number || number >= size || number % WIDTH) throw new Fault("is niet één regel met een aantal hele bundels, minder dan er zijn");
    return number;
  });
}

async function checkPruned(source, origins, history, reader, report) {
  let most = 0;
  for (const { index, details } of reader.prunings) {
    try {
      const after = numberIn(details, "after");
      if (numberIn(details, "first") || after % WIDTH || after <= 0 || after > index) {
        throw new Fault("zegt dat het logboek is afgekapt, maar niet vanaf de eerste regel tot het eind van een bundel");
      }
      const root = await history.before(after);
      if (root && hex(root) !== details.root) throw new Fault("noemt een andere samenvatting dan die van het afgekapte deel");
      if (after > most) [most, report.prunedBy] = [after, index];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      report.findEntry(index, error.message);
    }
  }
  if (most > report.pruned) {
    report.find("pruned", `regel ${report.prunedBy} zegt dat alles vóór regel ${most} weg is; de uitgifte toont dat niet`);
  } else if (most < report.pruned) {
    report.find("pruned", `de regels ${most} tot en met ${report.pruned - 1} ONTBREKEN: geen regel zegt dat ze weg mochten`);
  }
  if (most !== report.pruned) report.prunedBy = -1;
  if (!report.pruned) return;
  await finding(report, "boundary", async () => {
    const boundary = await readCheckpoint(await source.read("boundary"), origins.map(({ key }) => key));
    if (boundary.size !== report.pruned || !same(boundary.root, (await history.before(report.pruned)) ?? [])) {
      throw new Fault("is niet het controlepunt van wat is afgekapt");
    }
  });
}

async function readOrigins(source, files, checkpoint, report) {
  const alone = [{ first: 1, key: checkpoint.key }];
  if (!files.has("origins")) return alone;
  const found = await finding(report, "origins", async () => {
    const written = text(await source.read("origins", 1 << 20));
    const lines = written.replace(/\n$/, "").split("\n").map((line) => line.split(" "));
    if (!written.endsWith("\n") || !lines.every((line) => line.length === 2 && SIZE.test(line[0]))) {
      throw new Fault("bestaat niet uit een regel per sleutel, met een aantal en de sleutel");
    }
    const keys = [];
    for (const [first, key] of lines) keys.push({ first: Number(first), key: await readKey(key) });
    if (keys[0].first !== 1 || keys.some(({ first }, at) => at && keys[at - 1].first >= first)) throw new Fault("noemt de oudste sleutel niet eerst, vanaf 1");
    if (keys.at(-1).key.written !== checkpoint.key.written) throw new Fault("eindigt niet met de sleutel die u vertrouwt");
    return keys;
  });
  return found ?? alone;
}

async function checkOrigins(origins, reader, report) {
  const announced = new Map(reader.successions.map((one) => [one.index, one]));
  for (const [at, { first, key }] of origins.entries()) {
    if (!at) continue;
    const before = origins[at - 1];
    const succession = announced.get(first - 1);
    announced.delete(succession?.index);
    if (succession) await checkSuccession(succession, before, key, report);
    else if (first <= report.pruned) {
      report.told.push(`Vroeger tekende een andere sleutel (${hex(before.key.keyId)}, van ${before.first} tot en met ${first - 1}). De regel die dat zei, is afgekapt.`);
    } else {
      report.find("origins", `noemt een sleutel vanaf ${first} regels, maar geen regel daar zegt dat het logboek daarmee verderging`);
    }
  }
  for (const index of announced.keys()) report.findEntry(index, "zegt dat een andere sleutel verderging; het bestand origins noemt die niet");
}

async function checkSuccession({ index, details, root }, before, key, report) {
  try {
    const [kept, promised] = [numberIn(details, "kept"), numberIn(details, "promised")];
    if (kept !== index || details.keptroot !== hex(root)) throw new Fault("noemt niet de regels die ervoor staan");
    if (promised < kept || (promised === kept && details.promisedroot !== details.keptroot)) throw new Fault("noemt een belofte die niet kan");
    if (details.before !== hex(await sha256(utf8.encode(before.key.written)))) throw new Fault("noemt niet de sleutel die ervoor tekende");
    report.lost += promised - kept;
    const cause = { restored: "het logboek is teruggezet uit een reservekopie", rotation: "de sleutel is vervangen" }[details.cause];
    report.told.push(
      `Vanaf regel ${kept} tekent een andere sleutel (${hex(key.keyId)}; daarvoor, vanaf ${before.first}, ${hex(before.key.keyId)}). ` +
        `De reden: ${cause ?? "die kent deze pagina niet"}.${promised > kept ? ` ${promised - kept} beloofde regels zijn verloren.` : ""}`,
    );
    if (report.earlier?.key.written === before.key.written && report.earlier.size > kept) {
      report.find("het eerdere controlepunt", `telt ${report.earlier.size} regels; daarvan bleven er ${kept} toen een andere sleutel verderging`);
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    report.findEntry(index, error.message);
  }
}

const holds = (token, part) => {
  for (let at = token.indexOf(part[0]); at >= 0; at = token.indexOf(part[0], at + 1)) {
    if (same(token.subarray(at, at + part.length), part)) return true;
  }
  return false;
};

async function readStamps(source, files, origins, history, report) {
  let [count, newest] = [0, -1];
  for (const path of [...files].filter((each) => /^timestamps\/[0-9]+\.(?:note|tsr)$/.test(each)).sort()) {
    const stem = path.slice(0, path.lastIndexOf("."));
    if (path.endsWith(".tsr")) {
      if (!files.has(`${stem}.note`)) report.find(path, "is een tijdstempel van een controlepunt dat er niet is");
      continue;
    }
    await finding(report, path, async () => {
      const note = await source.read(path);
      const checkpoint = await readCheckpoint(note, origins.map(({ key }) => key));
      const token = await source.read(`${stem}.tsr`);
      if (checkpoint.size > history.size || stem !== `timestamps/${checkpoint.size}`) throw new Fault("is geen controlepunt van dit logboek van toen");
      const digests = await Promise.all(["SHA-256", "SHA-384", "SHA-512"].map((name) => digest(name, note)));
      if (!digests.some((each) => holds(token, each))) throw new Fault("is niet waar zijn tijdstempel over gaat");
      if (checkpoint.size > report.pruned || !(checkpoint.size % WIDTH)) history.expect(checkpoint, path);
      [count, newest] = [count + 1, Math.max(newest, checkpoint.size)];
    });
  }
  if (count) report.told.push(`${count} controlepunten hebben een tijdstempel, het nieuwste over ${newest} regels. Van wie, leest u met openssl ts.`);
}

// --- 9. A person -------------------------------------------------------------------------------------------------------------

// BLAKE2b (RFC 7693), each 64-bit word as two of 32, the low one first.
const IV = Uint32Array.of(
  0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a,
  0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
);
const SIGMA = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
].map((row) => Array.from(row, (sign) => Number.parseInt(sign, 16)));
const v = new Uint32Array(32);
const m = new Uint32Array(32);

function plus(a, low, high) {
  const sum = v[a] + low;
  v[a + 1] = v[a + 1] + high + (sum > 0xffffffff ? 1 : 0);
  v[a] = sum;
}

/** v[a] becomes the two words' exclusive or, turned right by so many bits. */
function turn(a, b, bits) {
  const [low, high] = [v[a] ^ v[b], v[a + 1] ^ v[b + 1]];
  if (bits === 32) [v[a], v[a + 1]] = [high, low];
  else if (bits === 63) [v[a], v[a + 1]] = [(low << 1) | (high >>> 31), (high << 1) | (low >>> 31)];
  else [v[a], v[a + 1]] = [(low >>> bits) | (high << (32 - bits)), (high >>> bits) | (low << (32 - bits))];
}

function mix(a, b, c, d, x, y) {
  plus(a, v[b], v[b + 1]);
  plus(a, m[2 * x], m[2 * x + 1]);
  turn(d, a, 32);
  plus(c, v[d], v[d + 1]);
  turn(b, c, 24);
  plus(a, v[b], v[b + 1]);
  plus(a, m[2 * y], m[2 * y + 1]);
  turn(d, a, 16);
  plus(c, v[d], v[d + 1]);
  turn(b, c, 63);
}

/** 32 bytes, keyed and personalised, of at most 2^32 bytes. */
function blake2b(message, key, personal) {
  const data = joined([key, new Uint8Array(128 - key.length), message]);
  const h = IV.slice();
  h[0] ^= 0x01010000 ^ (key.length << 8) ^ 32;
  const said = new Uint8Array(16);
  said.set(utf8.encode(personal));
  new Uint32Array(said.buffer).forEach((word, at) => (h[12 + at] ^= word));
  for (let at = 0; at < data.length; at += 128) {
    const block = new Uint8Array(128);
    block.set(data.subarray(at, at + 128));
    m.set(new Uint32Array(block.buffer));
    v.set(h);
    v.set(IV, 16);
    v[24] ^= Math.min(at + 128, data.length);
    if (at + 128 >= data.length) [v[28], v[29]] = [~v[28], ~v[29]];
    for (let round = 0; round < 12; round += 1) {
      const s = SIGMA[round % 10];
      mix(0, 8, 16, 24, s[0], s[1]);
      mix(2, 10, 18, 26, s[2], s[3]);
      mix(4, 12, 20, 28, s[4], s[5]);
      mix(6, 14, 22, 30, s[6], s[7]);
      mix(0, 10, 20, 30, s[8], s[9]);
      mix(2, 12, 22, 24, s[10], s[11]);
      mix(4, 14, 16, 26, s[12], s[13]);
      mix(6, 8, 18, 28, s[14], s[15]);
    }
    for (let word = 0; word < 16; word += 1) h[word] ^= v[word] ^ v[word + 16];
  }
  return new Uint8Array(h.buffer.slice(0, 32));
}

const base64url = (bytes) => base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function unbase64url(encoded) {
  return unbase64(encoded.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat(-encoded.length & 3));
}

function readPerson(data) {
  try {
    const given = JSON.parse(text(data));
    const [tag, key] = [unbase64url(given.tag), unbase64url(given.key)];
    if (!isWord(given.log) || key.length < 16 || key.length > 64) throw new Fault();
    const isAbout = ({ nonce, recipient, commitment }) => {
      const inner = blake2b(unbase64url(nonce), key, "hub/opening");
      return base64url(blake2b(joined([tag, utf8.encode(recipient)]), inner, "hub/subject")) === commitment;
    };
    return { log: given.log, isAbout };
  } catch {
    throw new WrongQuestion("Het persoonsbestand heeft niet de juiste vorm.");
  }
}

// --- 10. The report ----------------------------------------------------------------------------------------------------------

function verdictOf(report, index) {
  const kind = report.kinds.at(index);
  if (kind === UNREADABLE && !report.faulty.has(index)) return ["missing", -1];
  if (kind === EMPTY && report.remover(index) < 0) return ["missing", -1];
  if (report.faulty.has(index)) return ["not verified", -1];
  if (!report.proven) return ["unproven", -1];
  if (kind === EMPTY) return ["redacted", report.remover(index)];
  if (kind === PRUNED) return report.prunedBy >= 0 ? ["pruned", report.prunedBy] : ["missing", -1];
  return ["verified", -1];
}

/** Runs of entries with the same verdict. */
function rangesOf(report) {
  const ranges = [];
  for (let index = 0; index < report.kinds.length; index += 1) {
    const [verdict, by] = verdictOf(report, index);
    const last = ranges.at(-1);
    if (last && last.verdict === verdict && last.by === by) last.to = index;
    else ranges.push({ from: index, to: index, verdict, by });
  }
  return ranges;
}

const KIND_WORDS = {
  disclosure: "verstrekking", refusal: "weigering", outcome: "afloop", access: "inzage", statement: "verklaring",
  erasure: "vergeten", prune: "opruiming", key_rotation: "sleutelwissel", configuration: "instelling",
  re_identification: "herleiding", export: "uitgifte",
};
const VERDICT_WORDS = {
  verified: "Geverifieerd (VERIFIED): staat er zoals het is opgeschreven",
  redacted: "Tekst verwijderd, en het logboek zegt dat dat mocht (REDACTED)",
  pruned: "Afgekapt, en het logboek zegt dat dat mocht (PRUNED)",
  missing: "Ontbreekt (MISSING): weg zonder dat het mocht",
  "not verified": "Niet geverifieerd: er klopt iets niet",
  unproven: "Niet bewezen: leesbaar, maar de handtekening is niet bereikt",
};
const count = (value) => new Intl.NumberFormat("nl-NL").format(value);
const moment = (ms) => (ms < 253_402_300_800_000 ? new Date(ms).toISOString().slice(0, 19).replace("T", " ") : "na het jaar 9999");

function make(tag, words = "", name = "") {
  const made = document.createElement(tag);
  made.textContent = words;
  if (name) made.className = name;
  return made;
}

function table(caption, heads, rows) {
  const made = make("table");
  made.append(make("caption", caption));
  const head = make("tr");
  for (const each of heads) {
    const cell = make("th", each);
    cell.scope = "col";
    head.append(cell);
  }
  const [top, body] = [make("thead"), make("tbody")];
  top.append(head);
  for (const row of rows) {
    const line = make("tr");
    row.forEach((each) => line.append(make("td", typeof each === "number" ? count(each) : each, typeof each === "number" ? "number" : "")));
    body.append(line);
  }
  made.append(top, body);
  const frame = make("div", "", "frame");
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", caption);
  frame.append(made);
  return frame;
}

function list(lines) {
  const made = make("ul");
  made.append(...lines.map((line) => make("li", line)));
  return made;
}

/** The first line, how serious it is, and what comes under it. */
function outcome(report) {
  if (!report.verified) {
    const now = "Verander niets. Bewaar de uitgifte en uw vertrouwensbestand, en laat ze zien aan uw functionaris gegevensbescherming.";
    return ["error", "NIET GEVERIFIEERD", `De uitgifte is niet zoals het logboek is ondertekend. ${now}`];
  }
  const { origin, size } = report.checkpoint;
  if (report.unable.length) {
    return ["warning", "NIET ALLES GECONTROLEERD", `Wat is nagerekend, klopt. Deze pagina kan niet controleren: ${report.unable.join(", ")}. Gebruik daarvoor verify.py.`];
  }
  if (report.lost) {
    return ["warning", `GEVERIFIEERD, MAAR ${count(report.lost)} BELOOFDE REGELS ZIJN VERLOREN`, `${origin}: ${count(size)} regels. Het logboek is teruggezet uit een reservekopie; hieronder staat wanneer.`];
  }
  return ["ok", "GEVERIFIEERD", `${origin}: ${count(size)} regels, en van elke regel is bekend wat ervan is geworden.`];
}

/** What stands behind it, and what it does not prove. */
function notesOf(report) {
  const notes = [...report.witnesses].map(([name, seconds]) => `Getuige ${name} tekende mee op ${moment(1000 * seconds)} (UTC).`);
  if (report.quorum === "none") {
    notes.push("U vroeg om geen getuige. Wie de sleutel en de database van het logboek heeft, kan een ander dus een ander logboek laten zien.");
  }
  if (report.others) notes.push(`${count(report.others)} handtekeningen van anderen onder het controlepunt zijn niet bekeken.`);
  if (report.earlier) notes.push(`Sinds uw eerdere controlepunt, van ${count(report.earlier.size)} regels, is het logboek alleen gegroeid.`);
  else notes.push("U gaf geen eerder controlepunt. Bewaar het bestand checkpoint, en zet het de volgende keer in uw vertrouwensbestand.");
  return [...notes, ...report.told, "Dit bewijst niet dat alles wat er gebeurde, ook is opgeschreven."];
}

function show(report, ranges, place) {
  const [tone, title, sentence] = outcome(report);
  const box = make("div", "", `alert ${tone}`);
  const heading = make("h2", title);
  heading.tabIndex = -1;
  box.append(heading, make("p", sentence));
  place.append(box);
  if (report.found) {
    const more = report.found - report.findings.length;
    const lines = report.findings.map(({ where, what }) => `${where}: ${what}.`);
    place.append(make("h3", "Wat er niet klopt"), list(more > 0 ? [...lines, `En nog ${count(more)}.`] : lines));
  }
  place.append(make("h3", "Wie ervoor instaat, en wat dit niet bewijst"), list(report.verified ? notesOf(report) : report.told.concat(
    report.others ? [`${count(report.others)} handtekeningen van anderen onder het controlepunt zijn niet bekeken.`] : ["Zolang er iets niet klopt, staat niemand hiervoor in."],
  )));
  if (report.kinds.length) {
    const sums = new Map();
    for (const { from, to, verdict, by } of ranges) {
      const name = VERDICT_WORDS[verdict] + (by >= 0 ? `, door regel ${by}` : "");
      sums.set(name, (sums.get(name) ?? 0) + to - from + 1);
    }
    place.append(table("Oordeel over de regels", ["Oordeel", "Aantal"], sums));
  }
  if (report.hits) {
    const rows = report.hits.map(({ index, kind, recipient, purpose, us }) => [String(index), moment(us / 1000), KIND_WORDS[kind], recipient, purpose]);
    const unlooked = [UNREADABLE, EMPTY, PRUNED].reduce((sum, kind) => sum + report.kinds.count(kind), 0);
    place.append(table(`Regels over deze persoon: ${count(rows.length)}`, ["Regel", "Moment (UTC)", "Soort", "Ontvanger", "Doel"], rows));
    if (unlooked) place.append(make("p", `In ${count(unlooked)} regels is niet gezocht: hun tekst is weg of niet te lezen.`));
  }
  if (report.totals.size) {
    const rows = [...report.totals].sort().map(([name, number]) => {
      const [kind, recipient, purpose] = name.split(" ");
      return [KIND_WORDS[kind], recipient, purpose, number];
    });
    const caption = `Geteld uit de regels zelf${report.proven ? "" : " (van wat te lezen was; niet bewezen)"}`;
    place.append(table(caption, ["Soort", "Ontvanger", "Doel", "Aantal"], rows));
  }
  heading.focus();
}

/** The report as a file: with verify.py's words, its entries in runs. */
function asJson(report, ranges) {
  const { checkpoint } = report;
  return JSON.stringify({
    verdict: report.verified ? (report.unable.length ? "unable" : "verified") : "not verified",
    unable: report.unable,
    log: checkpoint?.origin ?? null,
    size: checkpoint?.size ?? null,
    root: checkpoint ? base64(checkpoint.root) : null,
    earlier: report.earlier?.size ?? null,
    quorum: report.quorum,
    witnesses: [...report.witnesses].map(([name, seconds]) => ({ name, time: moment(1000 * seconds) })),
    others: report.others,
    redacted: report.kinds.count(EMPTY),
    pruned: report.pruned,
    lost: report.lost,
    told: report.told,
    found: report.found,
    findings: report.findings,
    totals: [...report.totals].map(([name, number]) => {
      const [kind, recipient, purpose] = name.split(" ");
      return { kind, recipient, purpose, count: number };
    }),
    person: report.hits,
    ranges,
  }, null, 1);
}

// --- 11. The page ------------------------------------------------------------------------------------------------------------

const LARGEST_GIVEN = 1 << 20;

/** What was chosen. Throws WrongQuestion, with the field that must be mended. */
async function chosen(form) {
  const [folder, archive, trust, person] = ["map", "zip", "vertrouwen", "persoon"].map((name) => form.elements[name].files);
  const wrong = (field, words) => Object.assign(new WrongQuestion(words), { field });
  if (folder.length && archive.length) throw wrong("map", "Kies een map of een zip-bestand, niet allebei.");
  if (!folder.length && !archive.length) throw wrong("map", "Kies de map of het zip-bestand met de uitgifte.");
  if (!trust.length) throw wrong("vertrouwen", "Kies uw vertrouwensbestand.");
  const given = async (file, field) => {
    if (file.size > LARGEST_GIVEN) throw wrong(field, "Dit bestand is te groot.");
    return new Uint8Array(await file.arrayBuffer());
  };
  const mend = (field) => (error) => {
    throw error instanceof WrongQuestion ? Object.assign(error, { field }) : error;
  };
  return {
    source: folder.length ? new Folder(folder) : new Archive(archive[0]),
    trust: await given(trust[0], "vertrouwen").then(readTrust).catch(mend("vertrouwen")),
    person: person.length ? await given(person[0], "persoon").then(readPerson).catch(mend("persoon")) : null,
  };
}

function complain(form, error) {
  const input = form.elements[error.field ?? "map"];
  const said = document.getElementById(`${input.id}-fout`);
  said.textContent = error.message;
  said.hidden = false;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

async function check(form) {
  const place = document.getElementById("uitkomst");
  const bar = document.getElementById("voortgang");
  const after = document.getElementById("daarna");
  for (const said of form.querySelectorAll(".wrong")) said.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  place.replaceChildren();
  after.hidden = true;
  try {
    const { source, trust, person } = await chosen(form);
    bar.hidden = false;
    bar.removeAttribute("value");
    const report = await verify(source, trust, person, (done, size) => {
      bar.max = size;
      bar.value = done;
    });
    const ranges = rangesOf(report);
    show(report, ranges, place);
    const link = document.getElementById("bewaar");
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([asJson(report, ranges)], { type: "application/json" }));
    after.hidden = false;
  } catch (error) {
    if (error instanceof WrongQuestion) complain(form, error);
    else {
      const box = make("div", "", "alert error");
      box.append(make("h2", "De controle is niet afgemaakt"), make("p", "Er ging iets mis in deze browser. Dat zegt niets over het logboek. Probeer het opnieuw, of gebruik verify.py."));
      place.append(box);
    }
  } finally {
    bar.hidden = true;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form");
  const button = form.querySelector("button");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    await check(form);
    button.removeAttribute("aria-disabled");
  });
  document.getElementById("afdrukken").addEventListener("click", () => print());
});
