// The check of one entry: that the entry on the page is the one that was proved, and that the proof holds.

import { checkKey, recall, remember } from "./memory.js";
import { Failure, checkGrowth, checkInclusion, checkSignature, leafHash, readCheckpoint, readKey, readProof, readReceipt } from "./proof.js";
import { number, read, ready, text } from "./steps.js";

function checkShown(body) {
  const shown = document.querySelector("#regel").textContent;
  const fetched = text(body);
  if (shown !== fetched) throw new Failure("De regel op deze pagina is een andere dan de regel die de hub bewijst.");
  let entry;
  try {
    entry = JSON.parse(fetched);
  } catch {
    throw new Failure("De regel heeft niet de vorm van een regel van het logboek.");
  }
  for (const code of document.querySelectorAll("[data-field]")) {
    if (String(entry[code.dataset.field]) !== code.textContent) {
      throw new Failure(`De code ‘${code.dataset.field}’ op deze pagina staat niet zo in de regel.`);
    }
  }
}

async function checkEarlier(panel, key, checkpoint) {
  const kept = recall(key.name);
  if (kept === null || !kept.size) return "Deze browser had nog geen controlepunt gezien en heeft nu iets om later mee te vergelijken.";
  if (kept.size > checkpoint.size) {
    throw new Failure(`Er waren ${number(kept.size)} regels en nu nog ${number(checkpoint.size)}: het logboek is korter geworden.`);
  }
  const address = `${panel.dataset.growth}?van=${kept.size}&tot=${checkpoint.size}`;
  await checkGrowth(kept, checkpoint, kept.size === checkpoint.size ? [] : readProof(text(await read(address))));
  return `Deze browser zag eerder ${number(kept.size)} regels; die staan er nog precies zo.`;
}

async function check(panel, steps) {
  let key, body, receipt, checkpoint;
  await steps.run("De regel, het bewijs en de sleutel ophalen", async () => {
    key = await readKey(panel.dataset.key);
    [body, receipt] = await Promise.all([read(panel.dataset.entry), read(panel.dataset.receipt)]);
    receipt = readReceipt(text(receipt));
    checkpoint = readCheckpoint(receipt.note, key);
    return "alles is er.";
  });
  await steps.run("De regel op deze pagina is de regel die wordt bewezen", async () => {
    checkShown(body);
    return "letter voor letter gelijk.";
  });
  await steps.run("De sleutel van het logboek", async () => checkKey(key));
  await steps.run("De handtekening onder het controlepunt", async () => {
    await checkSignature(checkpoint, key);
    return `het logboek tekende voor ${number(checkpoint.size)} regels.`;
  });
  await steps.run("De regel staat in het ondertekende logboek", async () => {
    if (String(receipt.index) !== panel.dataset.index) throw new Failure("Het bewijs gaat over een andere plaats dan op deze pagina staat.");
    await checkInclusion(await leafHash(body), receipt.index, checkpoint.size, receipt.proof, checkpoint.root);
    return `op plaats ${number(receipt.index + 1)}, en er is geen letter aan veranderd.`;
  });
  await steps.run("Het logboek is sinds de vorige keer alleen gegroeid", () => checkEarlier(panel, key, checkpoint));
  if (!steps.unable) remember(key, checkpoint);
  return [
    "Deze regel is echt",
    `Hij staat letterlijk zo op plaats ${number(receipt.index + 1)} van het logboek. De uitleg hierboven maakt de hub van deze regel.`,
  ];
}

for (const panel of document.querySelectorAll('[data-check="entry"]')) {
  ready(panel, (steps) => check(panel, steps), "Deze regel is niet bewezen");
}
