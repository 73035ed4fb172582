// What this browser saw before: per log the key it was shown first, and the largest checkpoint that it checked.

import { Failure, base64 } from "./proof.js";

const place = (name) => `hub-logboek:${name}`;

export function recall(name) {
  try {
    const kept = JSON.parse(localStorage.getItem(place(name)) ?? "null");
    if (kept === null || typeof kept.key !== "string") return null;
    const root = kept.root ? Uint8Array.from(atob(kept.root), (sign) => sign.charCodeAt(0)) : null;
    return { key: kept.key, size: Number(kept.size) || 0, root };
  } catch {
    return null;
  }
}

export function checkKey(key) {
  const kept = recall(key.name);
  if (kept === null) return "Deze browser ziet de sleutel van dit logboek voor het eerst en onthoudt hem.";
  if (kept.key !== key.vkey) {
    throw new Failure("De sleutel is een andere dan deze browser eerder zag. Vraag de beheerder waarom, en bewaar dit scherm.");
  }
  return "De sleutel is dezelfde als de vorige keer in deze browser.";
}

/** Keeps the key and the largest checkpoint; a browser that keeps nothing checks without memory. */
export function remember(key, checkpoint) {
  const kept = recall(key.name);
  if (kept !== null && (kept.key !== key.vkey || kept.size >= checkpoint.size)) return;
  try {
    localStorage.setItem(
      place(key.name),
      JSON.stringify({ key: key.vkey, size: checkpoint.size, root: base64(checkpoint.root) }),
    );
  } catch {
    // private windows and full disks: nothing is remembered, and nothing claimed
  }
}
